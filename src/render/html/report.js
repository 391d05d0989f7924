// Sorting, filtering and folding. Nothing is made here: without this script the page shows the same
// in the order of the capture.
"use strict";
(() => {
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];

  // A link into something folded opens it. Browsers do so by themselves for what they scroll to,
  // but not all of them, and not for what is already on the screen.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    for (let at = target.parentElement; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") at.open = true;
    }
    target.scrollIntoView({ block: "start" });
    const opened = target.closest("details")?.querySelector("summary");
    if (opened) opened.focus({ preventScroll: true });
  };
  addEventListener("hashchange", reveal);
  reveal();

  for (const tools of all(".tools")) tools.hidden = false;
  const fold = (open) => () => { for (const details of all("details.session")) details.open = open; };
  one("#unfold")?.addEventListener("click", fold(true));
  one("#fold")?.addEventListener("click", fold(false));

  // A comparison shows its parting first, within its own frame.
  const parting = one(".both #parting");
  if (parting) {
    const frame = parting.closest(".both");
    frame.scrollTop = parting.offsetTop - frame.clientHeight / 3;
  }

  const table = one("#table");
  if (!table) return;
  const bodies = [...table.tBodies];
  const size = bodies[0].rows.length;
  const rows = bodies.flatMap((body) => [...body.rows]);
  const text = new Map();
  const words = (row) => {
    if (!text.has(row)) text.set(row, [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase());
    return text.get(row);
  };

  // What is shown comes first, a hundred rows to a body: hidden rows would make empty bodies.
  const place = (order) => {
    const shown = order.filter((row) => !row.hidden);
    const sorted = shown.concat(order.filter((row) => row.hidden));
    bodies.forEach((body, i) => {
      body.replaceChildren(...sorted.slice(i * size, (i + 1) * size));
      body.hidden = i > 0 && i * size >= shown.length;
      body.classList.toggle("short", (i + 1) * size > shown.length);
    });
  };
  let order = rows;

  // Numbers by value, all else by its letters; what is empty comes last either way.
  const key = (row, column) => {
    const cell = row.cells[column];
    const shown = cell.textContent;
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    if (cell.classList.contains("n")) return shown === "" ? null : parseFloat(shown);
    return shown === "" ? null : shown;
  };
  const compare = (a, b) => typeof a === "number" ? a - b : a < b ? -1 : a > b ? 1 : 0;
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = head.querySelector("button");
    button.disabled = false;
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const keyed = rows.map((row, i) => ({ row, i, key: key(row, column) }));
      keyed.sort((a, b) => {
        if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.i - b.i;
        return (down ? compare(b.key, a.key) : compare(a.key, b.key)) || a.i - b.i;
      });
      order = keyed.map((entry) => entry.row);
      place(order);
      button.focus();
    });
  });

  // A row is shown if it has all words of the filter, and the values that are pressed.
  const filter = one("#filter");
  const pressed = () => all(".counts button[aria-pressed=true]");
  const apply = () => {
    const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const values = pressed().map((button) => [button.dataset.column, button.dataset.value]);
    let shown = 0;
    for (const row of rows) {
      const fits = values.every(([column, value]) => row.cells[column].textContent === value)
        && wanted.every((word) => words(row).includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    place(order);
    const isAll = shown === rows.length;
    one("#told").textContent = isAll ? "" : `${shown} of ${rows.length} shown`;
  };
  let waiting = 0;
  filter.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 80); });
  for (const button of all(".counts button")) {
    button.disabled = false;
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      const was = button.getAttribute("aria-pressed") === "true";
      for (const other of pressed()) {
        if (other.dataset.column === button.dataset.column) other.setAttribute("aria-pressed", "false");
      }
      button.setAttribute("aria-pressed", String(!was));
      apply();
    });
  }
  one("#clear").addEventListener("click", () => {
    filter.value = "";
    for (const button of pressed()) button.setAttribute("aria-pressed", "false");
    apply();
    filter.focus();
  });

  // Up and down go from session to session; a slash goes to the filter.
  table.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const link = event.target.closest("tbody a");
    if (!step || !link) return;
    const links = [...table.querySelectorAll("tbody tr:not([hidden]) a")];
    const next = links[links.indexOf(link) + step];
    if (next) {
      next.focus();
      event.preventDefault();
    }
  });
  addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, textarea");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey) return;
    filter.focus();
    event.preventDefault();
  });
})();
