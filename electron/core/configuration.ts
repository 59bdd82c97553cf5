import { chmodSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import type { SettingsView } from '#shared/model/console.ts'
import { writeDurably } from './durable-file.ts'
import { SecurityException } from './errors.ts'
import { storageError } from './store/storage-errors.ts'

/** One key: what it takes, in zod and in words, and what it is for. */
interface Parameter<Schema extends z.ZodType> {
  readonly schema: Schema
  readonly allowed: string
  readonly meaning: string
  /** Why a value of the spec is refused by this build. */
  readonly because?: string
}

const parameter = <Schema extends z.ZodType>(
  schema: Schema,
  allowed: string,
  meaning: string,
  because?: string,
): Parameter<Schema> => ({ schema, allowed, meaning, ...(because === undefined ? {} : { because }) })

const wholeNumber = (minimum: number, maximum: number, preset: number) =>
  z.number().int().min(minimum).max(maximum).default(preset)

const ownIdentity =
  "the console's certificates and keys come from its own authority and are kept sealed by the token; they are not read from files"
const noFile = z.null().default(null)

/** Host names (RFC 1123 section 2.1) and IP addresses that a server can be bound to. */
const hostName = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i
const bindAddress = z.union([z.ipv4(), z.ipv6(), z.string().max(253).regex(hostName)]).default('127.0.0.1')

/**
 * Every key of the configuration: those of the spec (security-encryption-api, "Configuration Parameters") and three
 * of the console. A value of the spec that this build does not honour is refused with the reason, never ignored.
 */
const parameters = {
  encryption_algorithm: parameter(
    z.literal('AES-256-GCM').default('AES-256-GCM'),
    '"AES-256-GCM"',
    'Seals every message of a session.',
    "this build's sessions offer AES-256-GCM only",
  ),
  key_exchange_algorithm: parameter(
    z.literal('ECDH-P384').default('ECDH-P384'),
    '"ECDH-P384"',
    'Ephemeral key agreement of every session and every rotation.',
    'RSA key transport has no forward secrecy, so sessions agree on keys with ephemeral ECDH',
  ),
  authentication_algorithm: parameter(
    z.literal('HMAC-SHA384').default('HMAC-SHA384'),
    '"HMAC-SHA384"',
    'Key derivation and key confirmation of a session.',
    'key confirmation is bound to the SHA-384 of the session suite',
  ),
  key_rotation_interval: parameter(
    wholeNumber(5, 2_592_000, 300),
    'whole seconds from 5 to 2592000 (30 days)',
    'Age at which the key of a session is replaced.',
  ),
  key_derivation_iterations: parameter(
    wholeNumber(100_000, 10_000_000, 100_000),
    'a whole number from 100000 to 10000000',
    'Iterations where a password is stretched by PBKDF2. The token stretches its PIN by Argon2id, which has its own cost.',
  ),
  master_key_length: parameter(
    z.literal(256).default(256),
    '256',
    'Bits of the keys that seal other keys.',
    'keys are sealed by AES-256',
  ),
  max_message_age: parameter(
    wholeNumber(1, 86_400, 60),
    'whole seconds from 1 to 86400 (one day)',
    'An authentic message older than this is refused as stale.',
  ),
  replay_window_size: parameter(
    wholeNumber(64, 8192, 1024),
    'a whole number from 64 to 8192',
    'How many sequence numbers back a late message is still told from a replayed one.',
  ),
  failed_auth_lockout: parameter(
    wholeNumber(0, 86_400, 30),
    'whole seconds from 0 (no pause) to 86400 (one day)',
    'Pause after repeated wrong PINs in which no further PIN is tried.',
  ),
  certificate_authority: parameter(noFile, 'null', 'CA certificate file.', ownIdentity),
  agent_certificate: parameter(noFile, 'null', "File of the agent's certificate.", ownIdentity),
  private_key_path: parameter(noFile, 'null', 'Private key file.', ownIdentity),
  certificate_chain: parameter(
    z.tuple([]).default([]),
    '[] (an empty list)',
    'Intermediate certificates between the agent and the root.',
    'the root CA issues agent certificates directly',
  ),
  perfect_forward_secrecy: parameter(
    z.literal(true).default(true),
    'true',
    'New ephemeral keys for every session and rotation.',
    'every session of this build has forward secrecy and it cannot be turned off',
  ),
  post_quantum_crypto: parameter(
    z.literal(false).default(false),
    'false',
    'Hybrid post-quantum key agreement.',
    'this build has no post-quantum suite, and a session must not claim one',
  ),
  hardware_security_module: parameter(
    z.literal(false).default(false),
    'false',
    'Keep keys in a PKCS#11 token.',
    'this build keeps keys in the software token',
  ),
  audit_logging: parameter(
    z.literal(true).default(true),
    'true',
    'Record every security event in the audit log.',
    'the audit log is what the console is accountable by and cannot be turned off',
  ),
  gateway_host: parameter(
    bindAddress,
    'an IP address or a host name; 127.0.0.1 is this machine only, 0.0.0.0 or :: is every interface',
    'Address at which agents reach the gateway.',
  ),
  gateway_port: parameter(
    wholeNumber(0, 65_535, 7443),
    'a port from 1 to 65535, or 0 for any free one',
    'TCP port of the gateway.',
  ),
  idle_lock_seconds: parameter(
    wholeNumber(0, 86_400, 300),
    'whole seconds from 0 (never) to 86400 (one day)',
    'Without input for this long, the console locks.',
  ),
} as const satisfies Record<string, Parameter<z.ZodType>>

type Parameters = typeof parameters
export type ConfigurationKey = keyof Parameters
export type Configuration = {
  readonly [Key in ConfigurationKey]: Readonly<z.output<Parameters[Key]['schema']>>
}

const keys = Object.keys(parameters) as ConfigurationKey[]
const isKey = (name: string): name is ConfigurationKey => Object.hasOwn(parameters, name)

/** What a console starts with. */
export const defaultConfiguration: Configuration = Object.freeze(parseConfiguration({}))

/**
 * Reads a configuration object; keys that are left out get their defaults.
 * @throws SecurityException `configuration_invalid` naming each wrong key, what was given and what is allowed.
 */
export function parseConfiguration(value: unknown): Configuration {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('The configuration is not a JSON object of keys and values.')
  }
  const problems: string[] = []
  const given = new Map(Object.entries(value))
  for (const name of given.keys()) if (!isKey(name)) problems.push(describeUnknown(name))
  const parsed: [ConfigurationKey, unknown][] = []
  for (const key of keys) {
    const result = parameters[key].schema.safeParse(given.get(key))
    if (result.success) parsed.push([key, result.data])
    else problems.push(describeWrong(key, given.get(key)))
  }
  if (problems.length > 0) throw invalid(problems.join(' '))
  return Object.fromEntries(parsed) as unknown as Configuration
}

/**
 * Reads the configuration file, and writes it with every default when there is none yet (mode 0600).
 * @throws SecurityException `configuration_invalid`, `storage_full`, `storage_read_only`
 */
export function loadConfiguration(file: string): Configuration {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
    chmodSync(file, 0o600)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      throw storageError(error, file)
    writeDurably(file, `${JSON.stringify(defaultConfiguration, null, 2)}\n`)
    return defaultConfiguration
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'syntax error'
    throw invalid(
      `config.json is not valid JSON (${reason}). Correct it, or remove the file to start from the defaults.`,
    )
  }
  return parseConfiguration(value)
}

/** The configuration as Settings shows it: each key, its value as JSON text, and what is allowed. */
export function describeConfiguration(configuration: Configuration): SettingsView['configuration'] {
  return keys.map((key) => {
    const { allowed, meaning } = parameters[key]
    const value = JSON.stringify(configuration[key])
    return { key, value, isDefault: value === JSON.stringify(defaultConfiguration[key]), allowed, meaning }
  })
}

function describeWrong(key: ConfigurationKey, given: unknown): string {
  const { allowed, because }: Parameter<z.ZodType> = parameters[key]
  const reason = because === undefined ? '' : ` (${because})`
  return `config.json: ${key} is ${abridge(JSON.stringify(given))}; allowed is ${allowed}${reason}.`
}

function describeUnknown(name: string): string {
  const near = keys.find((key) => key.replaceAll('_', '') === name.replaceAll(/[-_\s]/g, '').toLowerCase())
  const hint = near === undefined ? `The keys are: ${keys.join(', ')}.` : `Did you mean ${near}?`
  return `config.json: ${abridge(JSON.stringify(name))} is not a configuration key. ${hint}`
}

const abridge = (text: string): string => (text.length <= 60 ? text : `${text.slice(0, 57)}...`)

const invalid = (message: string): SecurityException =>
  new SecurityException('configuration_invalid', message)
