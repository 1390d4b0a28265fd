// Hearts that rise over the picture when somebody likes it. Their nodes are made once.

const most = 14;

export class Hearts {
  readonly #root: HTMLElement;
  readonly #pool: HTMLElement[] = [];
  #made = 0;
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)');

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  /** Has one rise, if there are not too many. */
  rise(): void {
    if (this.#still.matches || document.hidden) return;
    const heart = this.#pool.pop() ?? (this.#made < most ? this.#make() : undefined);
    if (!heart) return;
    const [side, high] = [(Math.random() - 0.5) * 70, -150 - Math.random() * 90];
    heart.style.color = `hsl(${300 + Math.random() * 70} 95% 70%)`;
    const run = heart.animate(
      [
        { transform: 'translate(0, 0) scale(.4)', opacity: 0 },
        { transform: `translate(${side * 0.3}px, ${high * 0.3}px) scale(1)`, opacity: 1, offset: 0.2 },
        { transform: `translate(${side}px, ${high}px) scale(.9) rotate(${side / 2}deg)`, opacity: 0 },
      ],
      { duration: 1500 + Math.random() * 900, easing: 'ease-out' },
    );
    run.onfinish = () => this.#pool.push(heart);
  }

  #make(): HTMLElement {
    this.#made++;
    const heart = document.createElement('i');
    heart.innerHTML =
      '<svg viewBox="0 0 24 24"><path d="M12 20S3 14.5 3 8.5A4.5 4.5 0 0 1 12 7a4.5 4.5 0 0 1 9 1.5C21 14.5 12 20 12 20z"/></svg>';
    this.#root.append(heart);
    return heart;
  }
}
