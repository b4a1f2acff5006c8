/** What every operation is given besides its input, whoever asked for it: a command, and later a route or a tool. */
export interface OperationContext<Told> {
  /** Aborted when the operation is to end; its reason is kept in the events. */
  readonly signal: AbortSignal
  /** Hears everything that happens, in order. Absent: nobody wants to know, and telling costs nothing. */
  readonly emit?: ((event: Told) => void) | undefined
}
