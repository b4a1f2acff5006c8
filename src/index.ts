/// <reference types="node" preserve="true" />

export { builtins } from './builtins.ts'
export { parseFault } from './derive/text-form.ts'
export type { Host } from './kit/host.ts'
export type { FaultEntry } from './model/entry.ts'
export type { Event, EventName, EventOf, Events, ExchangeRecord, FaultEffect, FaultTotals } from './model/events.ts'
export { EventBus } from './model/events.ts'
export { defineFault, type FaultSpec } from './model/fault.ts'
export { emptyRun, reduce, type RunState } from './model/run-state.ts'
export { nodeHost } from './node-host.ts'
export type { Builtins } from './runtime/builtins.ts'
export { startRuntime, type Runtime, type RuntimeOptions } from './runtime/runtime.ts'
export { DEFAULT_SETTINGS, type RunSettings } from './runtime/settings.ts'
