import '@fontsource-variable/inter/wght.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/table.css'
import './styles/dialog.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { engineKey } from './engine.ts'
import { openEngine } from './transport.ts'

createApp(App).provide(engineKey, openEngine(window)).use(createPinia()).mount('#app')
