import { copyFileSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// QIAO_WEB_OUT: where CMake wants it. The city's outline comes from its data; another city puts its
// own in its place.
const out = process.env.QIAO_WEB_OUT ?? here('./dist')

export default defineConfig({
  plugins: [
    vue(),
    {
      name: 'outline',
      closeBundle() {
        mkdirSync(out, { recursive: true })
        copyFileSync(here('../../data/ningguo/outline.geojson'), `${out}/outline.geojson`)
      },
    },
  ],
  define: { __VUE_OPTIONS_API__: false, __VUE_PROD_DEVTOOLS__: false },
  resolve: { alias: { '@': here('./src') } },
  build: {
    outDir: out,
    emptyOutDir: true,
    target: 'es2021',
    manifest: true,
    reportCompressedSize: false,
    assetsInlineLimit: 0,
    cssCodeSplit: true,
  },
  server: { proxy: { '/v1': { target: 'http://127.0.0.1:8321', ws: true } } },
})
