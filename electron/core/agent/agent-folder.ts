import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { AgentId, AgentProfile } from '#shared/model/primitives.ts'
import { decodePem, encodePem, pemText } from '../crypto/pem.ts'
import { writeDurably } from '../durable-file.ts'
import { SecurityException } from '../errors.ts'
import { makePrivateFolder } from '../private-folder.ts'
import { storageError } from '../store/storage-errors.ts'

/** What an agent knows of itself and its gateway. */
const AgentSettings = z.strictObject({
  agentId: AgentId,
  profile: AgentProfile,
  /** e.g. `https://127.0.0.1:7443`. */
  gateway: z.url(),
})
export type AgentSettings = z.infer<typeof AgentSettings>

const maxFileBytes = 1024 * 1024

/**
 * The folder of one agent: its settings, its key (file mode 0600, not encrypted: a headless agent has nobody to type a
 * PIN), its certificate, the fleet's root and CRL. Every file is replaced whole or not at all.
 */
export class AgentFolder {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** Opens or makes the folder with mode 0700. @throws SecurityException `storage_read_only`, `storage_full` */
  static open(path: string): AgentFolder {
    try {
      makePrivateFolder(path)
      chmodSync(path, 0o700)
    } catch (error) {
      throw storageError(error, path)
    }
    return new AgentFolder(path)
  }

  get databaseFile(): string {
    return join(this.path, 'agent.db')
  }

  /** Null before the first enrolment. @throws SecurityException `configuration_invalid` naming the field that does not fit. */
  settings(): AgentSettings | null {
    const text = this.#read('agent.json')
    if (text === null) return null
    let value: unknown
    try {
      value = JSON.parse(text.toString('utf8'))
    } catch {
      throw new SecurityException(
        'configuration_invalid',
        'agent.json is not JSON. Enrol the agent again in a new folder.',
      )
    }
    const parsed = AgentSettings.safeParse(value)
    if (parsed.success) return parsed.data
    const field = parsed.error.issues[0]?.path.join('.') ?? ''
    throw new SecurityException('configuration_invalid', `agent.json: ${field} is missing or malformed.`)
  }

  writeSettings(settings: AgentSettings): void {
    writeDurably(join(this.path, 'agent.json'), `${JSON.stringify(settings, null, 2)}\n`)
  }

  /** The private key, PKCS#8 DER, in a buffer that the caller zeroes. Null before it was made. */
  readKey(): Buffer | null {
    const pem = this.#read('identity.key')
    if (pem === null) return null
    try {
      const der = decodePem('PRIVATE KEY', pem.toString('latin1'))
      if (der === null)
        throw new SecurityException('token_damaged', 'identity.key is not one PKCS#8 key in PEM.')
      return der
    } finally {
      pem.fill(0)
    }
  }

  writeKey(pkcs8: Buffer): void {
    const pem = encodePem('PRIVATE KEY', pkcs8)
    try {
      writeDurably(join(this.path, 'identity.key'), pem, 0o600)
    } finally {
      pem.fill(0)
    }
  }

  /** The certificate as PEM; null before it was issued. */
  certificate(): string | null {
    return this.#read('certificate.pem')?.toString('latin1') ?? null
  }

  writeCertificate(pem: string): void {
    writeDurably(join(this.path, 'certificate.pem'), pem)
  }

  /** The fleet's root as PEM; null before it is known. */
  trustAnchor(): string | null {
    return this.#read('trust-anchor.pem')?.toString('latin1') ?? null
  }

  writeTrustAnchor(pem: string): void {
    writeDurably(join(this.path, 'trust-anchor.pem'), pem)
  }

  /** The newest CRL, DER. */
  crl(): Buffer | null {
    return this.#read('crl.der')
  }

  writeCrl(der: Uint8Array): void {
    writeDurably(join(this.path, 'crl.der'), der)
  }

  /** Forgets an enrolment that was refused, so that the next one starts with a new key. */
  forgetIdentity(): void {
    for (const name of ['identity.key', 'certificate.pem']) rmSync(join(this.path, name), { force: true })
  }

  #read(name: string): Buffer | null {
    const file = join(this.path, name)
    if (!existsSync(file)) return null
    try {
      const content = readFileSync(file)
      if (content.length <= maxFileBytes) return content
    } catch (error) {
      throw storageError(error, file)
    }
    throw new SecurityException('configuration_invalid', `${name} is larger than ${maxFileBytes} bytes.`)
  }
}

/** The one certificate in a PEM text as DER. @throws SecurityException `certificate_invalid` */
export function certificateDer(pem: string): Buffer {
  const der = decodePem('CERTIFICATE', pem)
  if (der === null) throw new SecurityException('certificate_invalid', 'This is not one certificate in PEM.')
  return der
}

/** A certificate (DER) as PEM. */
export const certificatePem = (der: Uint8Array): string => pemText('CERTIFICATE', der)
