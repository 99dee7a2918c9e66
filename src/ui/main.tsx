import { render } from 'preact'
import { App } from './app.tsx'
import { applyTheme, rememberedTheme } from './theme.ts'

applyTheme(rememberedTheme())
const page = document.getElementById('page')
if (page !== null) render(<App />, page)
