import tseslint from 'typescript-eslint'

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '.fault/**', 'bin/**', 'bench/bin/**', 'eslint.config.js'] },
  {
    files: ['**/*.ts'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 70 }],
      'no-console': 'error',
      'no-restricted-globals': ['error', { name: 'process', message: 'only bin.ts touches process; use the Host' }],
      'prefer-const': 'error',
      'eqeqeq': 'error',
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: ['test', 'describe', 'it', 'suite'] }] }],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/only-throw-error': 'error',
    },
  },
  { files: ['src/bin.ts', 'test/**', '**/*.test.ts', 'bench/**', 'scripts/**'], rules: { 'no-restricted-globals': 'off', 'no-console': 'off', 'max-lines-per-function': 'off' } },
  {
    files: ['src/faults/**'],
    rules: { 'no-restricted-globals': ['error', 'process', 'Date', 'setTimeout', 'setInterval', 'setImmediate'], 'no-restricted-properties': ['error', { object: 'Math', property: 'random' }] },
  },
)
