import { language } from '../i18n.ts';

/** Returns a span of time as a clock shows it: 0:07, 12:30, 1:02:03. */
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  const [h, m] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  const two = (n: number) => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Returns the time of day of milliseconds since 1970, with seconds or without. */
export function timeOfDay(ms: number, seconds = false): string {
  const key = `${language()} ${seconds}`;
  let f = formats.get(key);
  if (!f) {
    f = new Intl.DateTimeFormat(language() === 'zh' ? 'zh-CN' : 'en-GB', {
      hour: '2-digit',
      minute: '2-digit',
      ...(seconds ? { second: '2-digit' } : {}),
    });
    formats.set(key, f);
  }
  return f.format(ms);
}

/** Returns an amount of money in a currency's smallest unit. */
export function money(amount: bigint, currency: string): string {
  const lang = language() === 'zh' ? 'zh-CN' : 'en-GB';
  try {
    const f = new Intl.NumberFormat(lang, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' });
    const digits = f.resolvedOptions().maximumFractionDigits ?? 0;
    return f.format(Number(amount) / 10 ** digits);
  } catch {
    return `${new Intl.NumberFormat(lang).format(amount)} ${currency}`; // what the backend counts in is no currency
  }
}
