/** Runs asynchronous tasks one after the other, in the order they came; one that fails does not stop the next. */
export class TaskQueue {
  #last: Promise<unknown> = Promise.resolve()

  run<Result>(task: () => Promise<Result> | Result): Promise<Result> {
    const result = this.#last.then(task)
    this.#last = result.catch(() => undefined)
    return result
  }
}
