import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  defaultConfiguration,
  describeConfiguration,
  loadConfiguration,
  parseConfiguration,
} from '#core/configuration.ts'
import { SecurityException } from '#core/errors.ts'
import { SettingsView } from '#shared/model/console.ts'

const refusal = (work: () => unknown): SecurityException => {
  try {
    work()
  } catch (error) {
    if (error instanceof SecurityException) return error
    throw error
  }
  throw new Error('was not refused')
}

/** Every key of the spec ("Configuration Parameters"). */
const keysOfTheSpec = [
  ...['encryption_algorithm', 'key_exchange_algorithm', 'authentication_algorithm'],
  ...['key_rotation_interval', 'key_derivation_iterations', 'master_key_length'],
  ...['max_message_age', 'replay_window_size', 'failed_auth_lockout'],
  ...['certificate_authority', 'agent_certificate', 'private_key_path', 'certificate_chain'],
  ...['perfect_forward_secrecy', 'post_quantum_crypto', 'hardware_security_module', 'audit_logging'],
]

describe('the keys', () => {
  test('are those of the spec and three of the console', () => {
    expect(Object.keys(defaultConfiguration)).toEqual([
      ...keysOfTheSpec,
      'gateway_host',
      'gateway_port',
      'idle_lock_seconds',
    ])
  })

  test('that are left out have their defaults', () => {
    const configuration = parseConfiguration({ key_rotation_interval: 20 })
    expect(configuration).toEqual({ ...defaultConfiguration, key_rotation_interval: 20 })
    expect(defaultConfiguration).toMatchObject({
      max_message_age: 60,
      gateway_host: '127.0.0.1',
      gateway_port: 7443,
    })
  })

  test.each([
    ['key_rotation_interval', 5, 2_592_000],
    ['key_derivation_iterations', 100_000, 10_000_000],
    ['max_message_age', 1, 86_400],
    ['replay_window_size', 64, 8192],
    ['failed_auth_lockout', 0, 86_400],
    ['gateway_port', 0, 65_535],
    ['idle_lock_seconds', 0, 86_400],
  ])('%s takes %i to %i and nothing outside', (key, lowest, highest) => {
    for (const value of [lowest, highest])
      expect(parseConfiguration({ [key]: value })).toHaveProperty(key, value)
    for (const value of [lowest - 1, highest + 1, lowest + 0.5, String(lowest), null, true]) {
      const { code, message } = refusal(() => parseConfiguration({ [key]: value }))
      expect(code).toBe('configuration_invalid')
      expect(message).toContain(`${key} is ${JSON.stringify(value)}; allowed is`)
      expect(message).toContain(String(highest))
    }
  })

  test.each(['127.0.0.1', '0.0.0.0', '::1', '::', 'localhost', 'gateway.station.example'])(
    'gateway_host takes %s',
    (host) => {
      expect(parseConfiguration({ gateway_host: host }).gateway_host).toBe(host)
    },
  )

  test.each(['', 'http://x', 'a b', '-x', 'x:7443', '*', 'a'.repeat(300), 5])(
    'gateway_host refuses %s',
    (host) => {
      expect(refusal(() => parseConfiguration({ gateway_host: host })).message).toContain('gateway_host is')
    },
  )
})

describe('a value of the spec that this build does not honour', () => {
  test.each([
    ['encryption_algorithm', 'ChaCha20-Poly1305', 'AES-256-GCM'],
    ['key_exchange_algorithm', 'RSA-2048', 'no forward secrecy'],
    ['authentication_algorithm', 'HMAC-SHA256', 'HMAC-SHA384'],
    ['master_key_length', 512, '256'],
    ['perfect_forward_secrecy', false, 'cannot be turned off'],
    ['post_quantum_crypto', true, 'no post-quantum suite'],
    ['hardware_security_module', true, 'software token'],
    ['audit_logging', false, 'cannot be turned off'],
    ['certificate_authority', '/etc/ca.pem', 'own authority'],
    ['certificate_chain', ['/etc/chain.pem'], 'issues agent certificates directly'],
  ])('is refused with the reason: %s', (key, value, reason) => {
    const { code, message } = refusal(() => parseConfiguration({ [key]: value }))
    expect(code).toBe('configuration_invalid')
    expect(message).toContain(`${key} is ${JSON.stringify(value)}`)
    expect(message).toContain(reason)
  })
})

describe('wrong configurations', () => {
  test('an unknown key is named, with the key that was probably meant', () => {
    const { message } = refusal(() => parseConfiguration({ keyRotationInterval: 60 }))
    expect(message).toBe(
      'config.json: "keyRotationInterval" is not a configuration key. Did you mean key_rotation_interval?',
    )
  })

  test('an unknown key without a likeness gets the list of keys', () => {
    const { message } = refusal(() => parseConfiguration({ colour: 'red' }))
    expect(message).toContain('"colour" is not a configuration key. The keys are: encryption_algorithm,')
  })

  test('names that every object inherits are unknown keys', () => {
    for (const text of ['{"__proto__": {"gateway_port": 1}}', '{"constructor": 1}', '{"toString": 1}']) {
      expect(refusal(() => parseConfiguration(JSON.parse(text))).message).toContain(
        'is not a configuration key',
      )
    }
  })

  test('every problem is named at once', () => {
    const { message } = refusal(() => parseConfiguration({ gateway_port: -1, max_message_age: 0, colour: 1 }))
    expect(message).toMatch(/colour.*max_message_age is 0.*gateway_port is -1/)
  })

  test.each([[[]], [null], ['text'], [5]])('%j is not a configuration', (value) => {
    expect(refusal(() => parseConfiguration(value)).message).toContain('not a JSON object')
  })
})

describe('the file', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'groundlock-configuration-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('is written with every default at the first start, for its owner only', () => {
    const file = join(folder, 'config.json')
    expect(loadConfiguration(file)).toEqual(defaultConfiguration)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(defaultConfiguration)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(loadConfiguration(file)).toEqual(defaultConfiguration)
  })

  test('is read, and left as its owner wrote it', () => {
    const file = join(folder, 'config.json')
    writeFileSync(file, '{ "gateway_port": 9000 }')
    expect(loadConfiguration(file).gateway_port).toBe(9000)
    expect(readFileSync(file, 'utf8')).toBe('{ "gateway_port": 9000 }')
  })

  test('that is not JSON is refused and left alone', () => {
    const file = join(folder, 'config.json')
    writeFileSync(file, '{ "gateway_port": 90')
    const { code, message } = refusal(() => loadConfiguration(file))
    expect(code).toBe('configuration_invalid')
    expect(message).toContain('config.json is not valid JSON')
    expect(readFileSync(file, 'utf8')).toBe('{ "gateway_port": 90')
  })

  test('whose folder is missing is a typed error', () => {
    expect(refusal(() => loadConfiguration(join(folder, 'absent', 'config.json'))).code).toBe('not_found')
  })
})

test('Settings shows every key with its value, its default and what is allowed', () => {
  const described = describeConfiguration(parseConfiguration({ max_message_age: 90 }))
  expect(SettingsView.shape.configuration.parse(described)).toHaveLength(20)
  expect(described.find(({ key }) => key === 'max_message_age')).toEqual({
    key: 'max_message_age',
    value: '90',
    isDefault: false,
    allowed: 'whole seconds from 1 to 86400 (one day)',
    meaning: 'An authentic message older than this is refused as stale.',
  })
  expect(described.filter(({ isDefault }) => !isDefault)).toHaveLength(1)
})
