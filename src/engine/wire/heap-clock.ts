import { performance } from 'node:perf_hooks'
import type { Clock, Timer } from '../../kit/clock.ts'

/** What wakes a clock. Early is fine: the clock looks again. */
export interface Alarm {
  /** Replaces what was set before. */
  set(inMs: number): void
  /** Nothing is waited for, so the process may end. */
  clear(): void
}

/**
 * A clock that never fires early and has one alarm for all its timers. A cancelled timer leaves at once with what it
 * holds, so a heap of time-outs that nearly all get cancelled stays small.
 */
export class HeapClock implements Clock {
  readonly #alarm: Alarm
  readonly #onBug: (error: unknown) => void
  readonly #heap: HeapTimer[] = []
  #order = 0
  #armedFor = Infinity
  #stopped = false

  constructor(alarm: Alarm, onBug: (error: unknown) => void) {
    this.#alarm = alarm
    this.#onBug = onBug
  }

  now(): number { return performance.now() }

  setTimer(delayMs: number, fire: () => void): Timer {
    const now = this.now()
    const timer = new HeapTimer(this, now + Math.max(0, delayMs), this.#order++, fire)
    if (this.#stopped) return timer
    this.#rise(this.#heap.push(timer) - 1)
    if (timer.dueAt < this.#armedFor) this.#arm(now)
    return timer
  }

  /** For the alarm: fires what is due and sets the alarm again. */
  ring(): void {
    const now = this.now()
    this.#armedFor = -Infinity
    for (let timer = this.#heap[0]; timer && timer.dueAt <= now; timer = this.#heap[0]) {
      this.remove(timer)
      try { timer.fire() } catch (error) { this.#onBug(error) }
    }
    this.#armedFor = Infinity
    this.#arm(this.now())
  }

  /** For timers. */
  remove(timer: HeapTimer): void {
    const { index } = timer
    if (index < 0) return
    timer.index = -1
    const last = this.#heap.pop()!
    if (last !== timer) {
      this.#heap[index] = last
      last.index = index
      this.#rise(index)
      this.#sink(last.index)
    }
    if (this.#heap.length === 0 && this.#armedFor > 0) this.#arm(0)
  }

  stop(): void {
    this.#stopped = true
    for (const timer of this.#heap.splice(0)) timer.index = -1
    this.#alarm.clear()
  }

  #arm(now: number): void {
    const first = this.#heap[0]
    this.#armedFor = first?.dueAt ?? Infinity
    if (first) this.#alarm.set(Math.max(0, first.dueAt - now))
    else this.#alarm.clear()
  }

  #rise(from: number): void {
    const heap = this.#heap
    const timer = heap[from]!
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(timer, heap[parent]!)) break
      heap[at] = heap[parent]!
      heap[at]!.index = at
      at = parent
    }
    heap[at] = timer
    timer.index = at
  }

  #sink(from: number): void {
    const heap = this.#heap
    const timer = heap[from]!
    let at = from
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, timer)) break
      heap[at] = heap[child]!
      heap[at]!.index = at
      at = child
    }
    heap[at] = timer
    timer.index = at
  }
}

const isBefore = (a: HeapTimer, b: HeapTimer) => a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order)

const nothing = () => {}

class HeapTimer implements Timer {
  readonly dueAt: number
  readonly order: number
  fire: () => void
  /** Where it is in the heap; below zero: not there. */
  index = -1
  readonly #clock: HeapClock

  constructor(clock: HeapClock, dueAt: number, order: number, fire: () => void) {
    this.#clock = clock
    this.dueAt = dueAt
    this.order = order
    this.fire = fire
  }

  cancel(): void {
    this.#clock.remove(this)
    this.fire = nothing
  }
}

const LONGEST_MS = 2 ** 31 - 1

/** `setTimeout` counts whole milliseconds and is up to one early: one alarm, set again until the time has come. */
export function createTimeoutClock(onBug: (error: unknown) => void): HeapClock {
  let handle: NodeJS.Timeout | undefined
  const clock: HeapClock = new HeapClock({
    set(inMs) {
      clearTimeout(handle)
      handle = setTimeout(() => clock.ring(), Math.min(Math.ceil(inMs), LONGEST_MS))
    },
    clear() { clearTimeout(handle) },
  }, onBug)
  return clock
}
