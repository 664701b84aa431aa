// Which rules of Tabler our pages can use: those whose names appear in a template, a script or a Python module.
module.exports = {
  css: ["node_modules/@tabler/core/dist/css/tabler.min.css"],
  content: [
    "src/tradepost/market/**/*.html",
    "src/tradepost/market/**/*.py",
    "src/tradepost/market/**/static/web/*.js",
    "src/tradepost/market/sites/**/*.js",
  ],
  // Built from a variable: btn-{{ tone }} in web/parts/confirm.html.
  safelist: { standard: [/^btn-(primary|danger|warning|success|outline-\w+)$/] },
};
