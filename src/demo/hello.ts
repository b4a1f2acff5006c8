import type { Answer } from './answers.ts'

export const helloAnswer: Answer = { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<h1>Hello, World!</h1>' }
