// What eslint asks of the console and of its tests in browsers. Layout is prettier's.
import js from '@eslint/js'
import prettier from 'eslint-config-prettier/flat'
import vue from 'eslint-plugin-vue'
import globals from 'globals'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript-eslint'

const folder = dirname(fileURLToPath(import.meta.url))

// Prettier breaks code; comments are broken by hand. Texts stay whole.
const columns = {
  code: 100,
  ignoreStrings: true,
  ignoreTemplateLiterals: true,
  ignoreRegExpLiterals: true,
}

export default ts.config(
  { ignores: ['**/dist/', '**/node_modules/', '**/schema.d.ts'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/src/**/*.ts', '**/src/**/*.vue'],
    extends: [ts.configs.strictTypeChecked, vue.configs['flat/recommended']],
    languageOptions: {
      globals: globals.browser,
      parserOptions: {
        parser: ts.parser,
        projectService: true,
        tsconfigRootDir: folder,
        extraFileExtensions: ['.vue'],
      },
    },
    rules: {
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        {
          allowNumber: true,
          allowAny: false,
          allowBoolean: false,
          allowNever: false,
          allowNullish: false,
          allowRegExp: false,
        },
      ],
      complexity: ['error', 20],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/define-emits-declaration': 'error',
      'vue/define-props-declaration': 'error',
      'vue/max-lines-per-block': ['error', { script: 120, skipBlankLines: true }],
      'vue/no-restricted-syntax': [
        'error',
        {
          selector: 'VElement + VText[value=/^ +$/] + VElement',
          message: "Vue drops this space when the line is broken here: write {{ ' ' }}.",
        },
      ],
    },
  },
  { files: ['**/vite.config.ts'], extends: [ts.configs.recommended] },
  {
    // Requests are made in api/ alone.
    files: ['**/src/**'],
    ignores: ['**/src/api/**'],
    rules: {
      'no-restricted-globals': ['error', 'fetch', 'WebSocket', 'XMLHttpRequest', 'EventSource'],
      'no-restricted-imports': ['error', 'openapi-fetch'],
    },
  },
  {
    // The tests hand functions to the browser.
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
  },
  prettier,
  { ignores: ['**/*.vue'], rules: { 'max-len': ['error', columns] } },
  { files: ['**/*.vue'], rules: { 'vue/max-len': ['error', { ...columns, template: 100 }] } },
)
