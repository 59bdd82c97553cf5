import { readFileSync } from 'node:fs'
import type { AgentProfile } from '#shared/model/primitives.ts'
import { AgentFolder } from '#core/agent/agent-folder.ts'
import { createCsr, generateIdentity, type IdentityKeyPair, readIdentity } from '#core/ca/csr.ts'
import type { Clock } from '#core/clock.ts'
import type { IdentityAlgorithm } from '#core/crypto/signature.ts'
import { SecurityException } from '#core/errors.ts'
import { enrol } from '#core/link/enrolment-client.ts'
import { CommandFailure, ExitCode, usageFailure } from './outcome.ts'
import { writeJsonLine, writeLine, type Writer } from './output.ts'

export interface EnrolOptions {
  readonly dataDir: string
  readonly json: boolean
  readonly name: string
  readonly gateway: string
  readonly fingerprint?: string
  readonly trustAnchor?: string
  readonly profile: AgentProfile
  readonly key: IdentityAlgorithm
  /** Seconds. */
  readonly timeout: number
}

/**
 * Enrols an agent: makes its key in its folder, sends the request, waits for the operator. A command that was
 * interrupted carries on with the same key and the same request.
 */
export async function runEnrol(options: EnrolOptions, clock: Clock, stdout: Writer): Promise<ExitCode> {
  const folder = AgentFolder.open(options.dataDir)
  const known = folder.settings()
  if (known !== null && known.agentId !== options.name) {
    throw usageFailure(`This folder belongs to ${known.agentId}. Give ${options.name} a folder of its own.`)
  }
  if (folder.certificate() !== null)
    throw new CommandFailure(
      ExitCode.refused,
      'already_enrolled',
      `${options.name} has its certificate already.`,
    )
  const { name: agentId, profile, gateway } = options
  const keyPair = await ownKey(folder, options.key)
  const late = AbortSignal.timeout(options.timeout * 1000)
  try {
    const csr = await createCsr({ agentId, profile, keyPair })
    folder.writeSettings({ agentId, profile, gateway })
    const enrolled = await enrol({
      gateway,
      csr: csr.pem,
      publicKey: keyPair.spki,
      agentId,
      trust: knownOfFleet(options, folder),
      clock,
      signal: late,
      onPending: ({ requestId, fingerprint }) =>
        say(
          options,
          stdout,
          { event: 'requested', agent: agentId, requestId, fingerprint },
          `requested; compare the fingerprint on the console: ${fingerprint}`,
        ),
    })
    folder.writeTrustAnchor(enrolled.trustAnchor)
    folder.writeCertificate(enrolled.certificate)
    say(
      options,
      stdout,
      { event: 'enrolled', agent: agentId },
      `${agentId} is enrolled; its certificate is in ${options.dataDir}`,
    )
    return ExitCode.ok
  } catch (error) {
    if (late.aborted)
      throw new CommandFailure(
        ExitCode.refused,
        'conflict',
        'The request is not decided yet. Run the command again to go on waiting.',
      )
    // What the operator refused is not asked again with the same key.
    if (error instanceof SecurityException && error.code === 'not_allowed') folder.forgetIdentity()
    throw error
  } finally {
    keyPair.pkcs8.fill(0)
  }
}

/** What the agent knows of the fleet's root beforehand: its folder, the file, or the fingerprint. */
function knownOfFleet(
  options: EnrolOptions,
  folder: AgentFolder,
): { trustAnchor: string } | { fingerprint: string } {
  const known = folder.trustAnchor()
  if (known !== null) return { trustAnchor: known }
  if (options.trustAnchor !== undefined) return { trustAnchor: readPem(options.trustAnchor) }
  if (options.fingerprint !== undefined) return { fingerprint: options.fingerprint }
  throw usageFailure(
    "Give --fingerprint or --trust-anchor, so that the agent can tell the fleet's gateway from another.",
  )
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    throw usageFailure(`The file ${file} cannot be read.`)
  }
}

async function ownKey(folder: AgentFolder, algorithm: IdentityAlgorithm): Promise<IdentityKeyPair> {
  const stored = folder.readKey()
  if (stored !== null) return readIdentity(stored)
  const keyPair = await generateIdentity(algorithm)
  folder.writeKey(keyPair.pkcs8)
  return keyPair
}

function say(options: EnrolOptions, stdout: Writer, json: object, text: string): void {
  if (options.json) writeJsonLine(stdout, json)
  else writeLine(stdout, text)
}
