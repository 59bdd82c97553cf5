import type { Clock } from '../clock.ts'

/** How much one peer may ask: `burst` calls at once, refilled at `perSecond`, and `inFlight` unanswered at a time. */
export interface CallBudget {
  readonly burst: number
  readonly perSecond: number
  readonly inFlight: number
}

/** Roomy for a person and a screen that loads everything at once, tight for a loop. */
export const defaultCallBudget: CallBudget = { burst: 120, perSecond: 40, inFlight: 32 }

/** Peers remembered before those that have their full budget again are forgotten. */
const rememberedPeers = 64

interface Account {
  tokens: number
  refilledAt: number
  inFlight: number
}

/** One token bucket a peer, plus a count of its unanswered calls. */
export class CallLimits {
  readonly #clock: Clock
  readonly #budget: CallBudget
  readonly #accounts = new Map<string, Account>()

  constructor(clock: Clock, budget: CallBudget = defaultCallBudget) {
    this.#clock = clock
    this.#budget = budget
  }

  /** Takes one call from the peer's budget. Answers the function that ends the call, or null if there is no room. */
  begin(peer: string): (() => void) | null {
    const account = this.#account(peer)
    if (account.tokens < 1 || account.inFlight >= this.#budget.inFlight) return null
    account.tokens -= 1
    account.inFlight += 1
    return () => {
      account.inFlight -= 1
    }
  }

  #account(peer: string): Account {
    const now = this.#clock.now()
    const known = this.#accounts.get(peer)
    if (known !== undefined) {
      this.#refill(known, now)
      return known
    }
    if (this.#accounts.size >= rememberedPeers) this.#forgetIdle(now)
    const account = { tokens: this.#budget.burst, refilledAt: now, inFlight: 0 }
    this.#accounts.set(peer, account)
    return account
  }

  #refill(account: Account, now: number): void {
    // A clock that was set back gives nothing and takes nothing.
    const seconds = Math.max(0, now - account.refilledAt) / 1000
    account.tokens = Math.min(this.#budget.burst, account.tokens + seconds * this.#budget.perSecond)
    account.refilledAt = now
  }

  #forgetIdle(now: number): void {
    for (const [peer, account] of this.#accounts) {
      this.#refill(account, now)
      if (account.inFlight === 0 && account.tokens >= this.#budget.burst) this.#accounts.delete(peer)
    }
  }
}
