"""Scripts that the crawl runs in a page: read its links and forms, fill in and submit a form, and read the errors."""

from __future__ import annotations

READ = """() => {
  const own = url => url && new URL(url, location.href).origin === location.origin;
  return {
    links: [...document.querySelectorAll('a[href]:not([download])')].map(a => a.href).filter(own),
    files: [...document.querySelectorAll('a[href][download]')].map(a => a.href).filter(own),
    parts: [...document.querySelectorAll('[hx-get]')].map(e => new URL(e.getAttribute('hx-get'), location.href).href),
    forms: [...document.forms].flatMap((form, place) => {
      if (form.closest('[data-secret][data-value]')) return []; // shows what the page has already, and sends nothing
      if (form.matches('fieldset:disabled form') || form.querySelector('fieldset.tp-off')) return []; // switched off for who reads
      const fields = [...form.elements].filter(f => f.name && !f.disabled && f.name !== 'csrfmiddlewaretoken');
      const buttons = fields.concat([...form.elements]).filter(f => f.type === 'submit' && !f.disabled);
      const sent = buttons.length ? [...new Set(buttons)] : [null];
      return sent.map(button => ({
        place, button: button ? [...form.elements].indexOf(button) : -1,
        method: (form.getAttribute('method') || 'get').toLowerCase(),
        action: new URL((button && button.getAttribute('formaction')) || form.getAttribute('action') || location.href, location.href).href,
        value: button && button.name ? `${button.name}=${button.value}` : '',
        given: fields.filter(f => !['submit', 'button', 'file'].includes(f.type) && (!['radio', 'checkbox'].includes(f.type) || f.checked)).map(f => [f.name, f.value]),
        fields: fields.filter(f => !['submit', 'button', 'hidden', 'fieldset'].includes(f.type)).map(f => ({
          name: f.name, type: f.type, value: f.value, required: f.required && !(button && button.formNoValidate), checked: !!f.checked, min: f.min || '', max: f.max || '',
          accept: f.accept || '', options: f.options ? [...f.options].map(o => o.value) : [],
        })),
      }));
    }),
  };
}"""
SEND = """([place, button, values, names]) => {
  const form = document.forms[place];
  if (!form || !names.every(name => form.elements[name])) throw new Error('the form went away');
  for (const f of form.elements) {
    if (!f.name || !(f.name in values) || f.type === 'hidden' || f.type === 'file') continue;
    if (f.type === 'checkbox' || f.type === 'radio') f.checked = [].concat(values[f.name]).includes(f.value);
    else f.value = values[f.name];
    f.dispatchEvent(new Event('input', {bubbles: true}));
  }
  form.noValidate = true;
  const pressed = button >= 0 ? form.elements[button] : null;
  if (pressed) { pressed.disabled = false; form.requestSubmit(pressed); } else form.requestSubmit();
}"""

# A note with a button is about the object, not about the form. On a refused page, every error is read first.
REFUSALS = """refused => [...document.querySelectorAll(refused ? '.tp-bad, .tp-error, .invalid-feedback' : '.tp-bad[role=alert], .tp-error[role=alert], .invalid-feedback'), ...document.querySelectorAll(refused ? 'main p' : 'none')]
  .filter(e => e.checkVisibility() && !e.querySelector('button')).map(e => e.textContent.trim().replace(/\\s+/g, ' ').slice(0, 200)).filter(Boolean).slice(0, 5)"""
