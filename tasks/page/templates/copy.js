"use strict";
// A click, or Enter, on an id or a file's name copies it. Without this script a click selects it.
const notice = document.getElementById("copied");
for (const code of document.querySelectorAll("code:not(.plain)")) {
  code.tabIndex = 0;
  code.setAttribute("role", "button");
  code.setAttribute("aria-label", "Copy " + code.textContent);
}
async function copy(code) {
  const text = code.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection().selectAllChildren(code);
    document.execCommand("copy");
  }
  const word = /^[\w./#@:+-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\\''") + "'";
  notice.textContent = "Copied. Next: hemaflow review " + word + " " + notice.dataset.decision + ' --why "..."';
}
document.addEventListener("click", (event) => {
  const code = event.target.closest("code:not(.plain)");
  if (code) copy(code);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("code:not(.plain)")) copy(event.target);
});
