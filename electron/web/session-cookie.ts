import { equalInConstantTime, sha256 } from '#core/crypto/digest.ts'
import type { RandomSource } from '#core/crypto/random.ts'

/** Browsers that may be open at once; the oldest is forgotten when another comes. */
const rememberedBrowsers = 8

/**
 * Who may use the browser host: whoever was given a one-use address by the operator's own terminal. The address is
 * exchanged for a cookie. Only hashes are kept, and they are compared in constant time.
 */
export class BrowserSessions {
  readonly #random: RandomSource
  readonly #cookieName: string
  #invitation: Buffer | null = null
  readonly #sessions: Buffer[] = []

  /** The port is part of the cookie's name, because browsers share cookies between the ports of one address. */
  constructor(random: RandomSource, port: number) {
    this.#random = random
    this.#cookieName = `groundlock-${port}`
  }

  /** A new one-use token of 32 random bytes, base64url. An unused one before it stops working. */
  invite(): string {
    const token = this.#random.bytes(32).toString('base64url')
    this.#invitation = sha256(Buffer.from(token))
    return token
  }

  /** Exchanges the one-use token for the value of `Set-Cookie`; null if it is not the one, or was used before. */
  redeem(token: string): string | null {
    const invitation = this.#invitation
    if (invitation === null || !equalInConstantTime(invitation, sha256(Buffer.from(token)))) return null
    this.#invitation = null
    const value = this.#random.bytes(32).toString('base64url')
    this.#sessions.push(sha256(Buffer.from(value)))
    if (this.#sessions.length > rememberedBrowsers) this.#sessions.shift()
    return `${this.#cookieName}=${value}; HttpOnly; SameSite=Strict; Path=/`
  }

  /** True if a `Cookie` header holds a session of this host. */
  admits(cookieHeader: string | undefined): boolean {
    const hashes = cookieValues(cookieHeader ?? '', this.#cookieName).map((value) =>
      sha256(Buffer.from(value)),
    )
    let known = false
    for (const hash of hashes)
      for (const session of this.#sessions) if (equalInConstantTime(hash, session)) known = true
    return known
  }
}

/** The values of one cookie (RFC 6265 section 4.2.1); at most two, a browser sends one. */
function cookieValues(header: string, name: string): string[] {
  const values: string[] = []
  for (const pair of header.split(';')) {
    const [key, ...rest] = pair.trim().split('=')
    if (key === name) values.push(rest.join('='))
  }
  return values.slice(0, 2)
}
