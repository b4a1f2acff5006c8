/** Somebody in a list that remembers where. */
export interface Listed {
  /** Place in the list; the list's own business. */
  place?: number | undefined
}

/**
 * Members that come and go with every exchange, told in no order. A Set would be rebuilt all the time, and its old
 * tables keep dead members alive from one collection to the next.
 */
export class Followers<Member extends Listed> implements Iterable<Member> {
  readonly #members: (Member | undefined)[] = []
  readonly #free: number[] = []

  add(member: Member): void {
    if (this.has(member)) return
    const place = this.#free.pop() ?? this.#members.length
    this.#members[place] = member
    member.place = place
  }

  delete(member: Member): void {
    if (!this.has(member)) return
    this.#members[member.place!] = undefined
    this.#free.push(member.place!)
    member.place = undefined
  }

  has(member: Member): boolean { return member.place !== undefined && this.#members[member.place] === member }

  /** Those that are there at the time of the call. */
  *[Symbol.iterator](): Iterator<Member> {
    for (const member of this.#members.slice()) if (member && this.has(member)) yield member
  }
}
