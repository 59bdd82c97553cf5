import type { Authority, IssuedCertificate } from '../ca/authority.ts'
import { generateIdentity } from '../ca/csr.ts'
import { consoleAgentId } from '../ca/identity.ts'
import { validateCertificate } from '../ca/validation.ts'
import type { Clock } from '../clock.ts'
import type { Token } from '../hsm/token.ts'
import type { SealedKeys } from '../keys/sealed-keys.ts'

/** A certificate is replaced at a sign-in when it ends within this time, in milliseconds (30 days). */
const renewBefore = 30 * 24 * 3600 * 1000

/** A key that works while the console is locked, with its certificate. */
export interface ServiceKey {
  /** PKCS#8 DER, which the caller zeroes. */
  readonly pkcs8: Buffer
  readonly certificate: IssuedCertificate
}

interface ServiceKeysOptions {
  readonly authority: Authority
  readonly sealedKeys: SealedKeys
  readonly clock: Clock
}

/**
 * The two keys of the console's own services: the gateway's TLS key and the identity of `ground-station`. They are made
 * when they are first needed, with their certificates, and opened with the token at sign-in.
 */
export class ServiceKeys {
  readonly #authority: Authority
  readonly #sealedKeys: SealedKeys
  readonly #clock: Clock

  constructor({ authority, sealedKeys, clock }: ServiceKeysOptions) {
    this.#authority = authority
    this.#sealedKeys = sealedKeys
    this.#clock = clock
  }

  /** The gateway's TLS key for `host`. @throws what the authority and the token throw. */
  gateway(host: string, token: Token, actor: string): Promise<ServiceKey> {
    return this.#have(
      'gateway-tls',
      this.#authority.currentCertificate('gateway'),
      host,
      token,
      (spki, alongside) => this.#authority.issueGateway(spki, [host], token, actor, alongside),
    )
  }

  /** The identity of the console as an agent. */
  identity(token: Token, actor: string): Promise<ServiceKey> {
    return this.#have(
      'console-identity',
      this.#authority.currentCertificate({ agentId: consoleAgentId }),
      null,
      token,
      (spki, alongside) => this.#authority.issueConsole(spki, token, actor, alongside),
    )
  }

  async #have(
    name: string,
    current: IssuedCertificate | null,
    host: string | null,
    token: Token,
    issue: (spki: Buffer, alongside: () => void) => Promise<IssuedCertificate>,
  ): Promise<ServiceKey> {
    if (current !== null && this.#sealedKeys.exists(name) && this.#isGood(current, host)) {
      return { pkcs8: await this.#sealedKeys.open(name, token), certificate: current }
    }
    const pair = await generateIdentity()
    // Sealing erases what it is given.
    const sealed = await this.#sealedKeys.seal(name, pair.algorithm, Buffer.from(pair.pkcs8), token)
    try {
      return { pkcs8: pair.pkcs8, certificate: await issue(pair.spki, () => this.#sealedKeys.store(sealed)) }
    } catch (error) {
      pair.pkcs8.fill(0)
      throw error
    }
  }

  #isGood(certificate: IssuedCertificate, host: string | null): boolean {
    if (certificate.notAfter - this.#clock.now() < renewBefore) return false
    return validateCertificate({
      certificate: certificate.der,
      trustAnchors: [this.#authority.trustAnchor],
      crl: this.#authority.crl,
      at: this.#clock.now(),
      usage: host === null ? 'client' : 'server',
      host: host ?? undefined,
    }).isValid
  }
}
