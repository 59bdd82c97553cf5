/** Lets asynchronous acts happen one after the other, in the order they were asked for. */
export class Exclusive {
  #last: Promise<unknown> = Promise.resolve()

  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work)
    // One act that fails does not keep the next from happening.
    this.#last = result.catch(() => undefined)
    return result
  }
}
