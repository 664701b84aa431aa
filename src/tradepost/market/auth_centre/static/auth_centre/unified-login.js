/* The application's id stands in the fragment (#/portal-login?ind=UNOP&appId=…), which only the browser sees. */
(() => {
  "use strict";
  const [, query = ""] = location.hash.split("?");
  const appId = new URLSearchParams(query).get("appId");
  if (!appId) return;
  const here = new URLSearchParams(location.search);
  if (here.get("appId") === appId) return;
  location.replace(`${location.pathname}?${new URLSearchParams({ appId })}`);
})();
