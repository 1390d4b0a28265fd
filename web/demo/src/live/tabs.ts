/** Makes a tablist of a page work: by pointer, and by arrow keys as those who hear pages expect. */
export function tabs(list: HTMLElement): void {
  const all = [...list.querySelectorAll<HTMLElement>('[role="tab"]')];
  const choose = (tab: HTMLElement, focus: boolean) => {
    for (const other of all) {
      const is = other === tab;
      other.setAttribute('aria-selected', String(is));
      other.tabIndex = is ? 0 : -1;
      document.getElementById(other.getAttribute('aria-controls')!)!.hidden = !is;
    }
    if (focus) tab.focus();
  };
  for (const tab of all) tab.addEventListener('click', () => choose(tab, false));
  list.addEventListener('keydown', (e) => {
    const at = all.indexOf(document.activeElement as HTMLElement);
    if (at < 0) return;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    choose(all[(to + all.length) % all.length]!, true);
  });
}
