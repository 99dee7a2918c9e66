/** `auto` follows the system. */
export type Theme = 'auto' | 'dark' | 'light'

const key = 'changeover-theme'
const order: readonly Theme[] = ['auto', 'dark', 'light']

/** The theme that this browser chose last. */
export function rememberedTheme(): Theme {
  const value = localStorage.getItem(key)
  return value === 'dark' || value === 'light' ? value : 'auto'
}

/** The theme after this one on the button. */
export function nextTheme(theme: Theme): Theme {
  return order[(order.indexOf(theme) + 1) % order.length] ?? 'auto'
}

/** Shows the page in this theme from now on. */
export function applyTheme(theme: Theme): void {
  localStorage.setItem(key, theme)
  if (theme === 'auto') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
}
