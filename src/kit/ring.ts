/** A circle larger than this is given back once it is empty. */
const SPARE_SLOTS = 1024

/**
 * First in, first out, in a circle of slots that are used again: once the circle is large enough nothing is allocated per entry.
 * Whoever takes a slot overwrites all of it, and clears what it refers to before dropping it.
 */
export class Ring<Slot extends object> {
  readonly #make: () => Slot
  #slots: Slot[] = []
  #first = 0
  #length = 0

  constructor(make: () => Slot) {
    this.#make = make
  }

  get length(): number { return this.#length }

  /** The oldest slot in use. */
  get first(): Slot | undefined { return this.#length === 0 ? undefined : this.#slots[this.#first] }

  /** Takes one more slot into use, behind all others. */
  push(): Slot {
    if (this.#length === this.#slots.length) this.#grow()
    const slot = this.#slots[(this.#first + this.#length) & (this.#slots.length - 1)]!
    this.#length++
    return slot
  }

  /** Gives back the oldest slot. */
  drop(): void {
    this.#first = (this.#first + 1) & (this.#slots.length - 1)
    this.#length--
    if (this.#length === 0 && this.#slots.length > SPARE_SLOTS) this.clear()
  }

  /** Forgets every slot. */
  clear(): void {
    this.#slots = []
    this.#first = 0
    this.#length = 0
  }

  /** Twice the slots (their number stays a power of two), the oldest first. */
  #grow(): void {
    const slots = this.#slots
    const grown = [...slots.slice(this.#first), ...slots.slice(0, this.#first)]
    for (let missing = Math.max(4, slots.length); missing > 0; missing--) grown.push(this.#make())
    this.#slots = grown
    this.#first = 0
  }
}
