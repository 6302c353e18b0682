// The page's elements, by their names in the templates.

/** The element that has the attribute `data-<name>`. */
export const find = (name) => document.querySelector(`[data-${name}]`);

/** Call what stands by the name of a button when it is pressed. */
export function onClick(acts) {
  for (const [name, act] of Object.entries(acts)) find(name).addEventListener("click", act);
}
