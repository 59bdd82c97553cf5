import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type KeyPairAlgorithm, keyPairAlgorithms } from '#core/crypto/algorithms.ts'
import { rawEncodings } from '#core/crypto/key-encoding.ts'
import {
  importRawPrivateKey,
  importRawPublicKey,
  readPrivateKey,
  readPublicKey,
} from '#core/crypto/key-import.ts'
import { generateKeyPair, generatePrivateKey } from '#core/crypto/key-pairs.ts'
import { encodePem } from '#core/crypto/pem.ts'
import { KeyManagementError } from '#core/errors.ts'
import { KeyManager } from '#core/keys/key-manager.ts'
import {
  expectRefused,
  flip,
  notBytes,
  providerSets,
  refusal,
  refusalOf,
  tooMuch,
} from '../../support/crypto-inputs.ts'
import { keyOf } from '../../support/crypto-keys.ts'

/** RSA-4096 takes seconds on a busy machine; it has a test of its own. */
const quick = keyPairAlgorithms.filter((algorithm) => algorithm !== 'RSA-4096')
const rawAlgorithms = quick.filter((algorithm) => algorithm !== 'RSA-2048')

describe.each(providerSets)('key pairs on $who', ({ providers }) => {
  it.each(quick)('%s as PEM that comes back the same', async (algorithm) => {
    const pair = await new KeyManager({ providers }).generateKeyPair(algorithm)
    const key = readPrivateKey(pair.privateKey, providers)
    expect(key.publicKey.pem).toBe(pair.publicKey)
    expect(key.exportPem().equals(pair.privateKey)).toBe(true)
    expect(readPrivateKey(key.exportPkcs8(), providers).publicKey.spki.equals(key.publicKey.spki)).toBe(true)
    expect(readPublicKey(pair.publicKey, providers).pem).toBe(pair.publicKey)
    expect(readPublicKey(key.publicKey.spki, providers).kind).toBe(key.kind)
  })

  it.each(rawAlgorithms)(
    '%s come from the random source, so the same bytes give the same key',
    async (algorithm) => {
      const random = () => {
        let next = 1
        return { bytes: (length: number) => Buffer.alloc(length, next++) }
      }
      const one = await generateKeyPair(algorithm, random(), providers)
      const two = await generateKeyPair(algorithm, random(), providers)
      expect(one.privateKey.equals(two.privateKey)).toBe(true)
      expect(one.publicKey).toBe(two.publicKey)
    },
  )

  it.each(['ML-KEM-768', 'ML-DSA-65'] as const)('%s private keys are seeds', async (algorithm) => {
    const { privateBytes, pkcs8Prefix } = rawEncodings[algorithm]
    const key = await generatePrivateKey(algorithm, undefined, providers)
    expect(key.exportPkcs8().length).toBe(pkcs8Prefix.length + privateBytes)
  })
})

it('the same seed gives the same public key on both providers', () => {
  for (const kind of ['ML-KEM-768', 'ML-KEM-1024', 'ML-DSA-65', 'ML-DSA-87'] as const) {
    const seed = Buffer.alloc(rawEncodings[kind].privateBytes, 5)
    const [one, two] = providerSets.map(
      ({ providers }) => importRawPrivateKey(kind, seed, providers).publicKey,
    )
    expect(one!.spki.equals(two!.spki)).toBe(true)
  }
})

it('RSA-4096 is made while the event loop runs on', { timeout: 60_000 }, async () => {
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  const pair = await generateKeyPair('RSA-4096')
  clearInterval(timer)
  expect(turns).toBeGreaterThan(0)
  expect(readPublicKey(pair.publicKey).modulusBits).toBe(4096)
})

it('draws scalars again that are not in the range, and gives up on a source that stands still', async () => {
  const draws = [Buffer.alloc(32, 0xff), Buffer.alloc(32), Buffer.alloc(32, 1)]
  const random = { bytes: () => draws.shift() ?? Buffer.alloc(32) }
  expect((await generatePrivateKey('ECDSA-P256', random)).kind).toBe('P-256')
  expect((await refusalOf(generatePrivateKey('ECDSA-P256', random))).code).toBe('token_error')
})

it.each(['RSA-2048', 'ECDSA-P256', 'ECDSA-P384', 'Ed25519', 'X25519'] as const)(
  '%s is read by openssl, and openssl’s is read by us',
  async (algorithm) => {
    const key = await keyOf(algorithm)
    const spki = execFileSync('openssl', ['pkey', '-pubout'], { input: key.exportPem() })
    expect(spki.toString()).toBe(key.publicKey.pem)
    const options: Record<string, string[]> = {
      'RSA-2048': ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
      'ECDSA-P256': ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
      'ECDSA-P384': ['EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
    }
    const theirs = execFileSync(
      'openssl',
      ['genpkey', '-algorithm', ...(options[algorithm] ?? [algorithm])],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    )
    expect(readPrivateKey(theirs).kind).toBe(key.kind)
  },
)

describe('reading keys', () => {
  it('takes key objects', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    expect(readPrivateKey(privateKey).kind).toBe('Ed25519')
    expect(readPublicKey(publicKey).kind).toBe('Ed25519')
    const mlDsa = generateKeyPairSync('ml-dsa-65')
    expect(readPrivateKey(mlDsa.privateKey).publicKey.spki.equals(readPublicKey(mlDsa.publicKey).spki)).toBe(
      true,
    )
    expect(readPublicKey((await keyOf('X25519')).publicKey).kind).toBe('X25519')
  })

  it('takes the seed where the expanded key is beside it, and refuses two that do not fit', () => {
    for (const kind of ['ml-kem-768', 'ml-dsa-87'] as const) {
      const both = generateKeyPairSync(kind as 'ml-dsa-87').privateKey.export({
        type: 'pkcs8',
        format: 'der',
      })
      expect(readPrivateKey(both).publicKey.spki.length).toBeGreaterThan(1000)
      expect(refusal(() => readPrivateKey(flip(both, both.length * 8 - 1))).message).toContain(
        'belong together',
      )
    }
  })

  it('refuses an ML key without its seed', () => {
    const seed = importRawPrivateKey('ML-DSA-65', Buffer.alloc(32)).exportPkcs8()
    const cut = Buffer.from(seed)
    cut[21] = 0x04
    expect(refusal(() => readPrivateKey(cut)).message).toContain('must hold the seed')
  })

  it('refuses kinds, sizes and encodings that the engine does not work with', () => {
    const rsa1024 = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' })
    const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
    const ed448 = generateKeyPairSync('ed448')
    for (const { privateKey, publicKey } of [rsa1024, p521, pss, ed448]) {
      const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' })
      const spki = publicKey.export({ type: 'spki', format: 'pem' })
      expectRefused(KeyManagementError, 'privateKey', [privateKey, pkcs8, publicKey], (v) =>
        readPrivateKey(v),
      )
      expectRefused(KeyManagementError, 'publicKey', [publicKey, spki, privateKey], (v) => readPublicKey(v))
    }
    const point = importRawPublicKey('P-256', rawPoint()).spki
    const compressed = createPublicKey({ key: point, format: 'der', type: 'spki' }).export({
      format: 'jwk',
    }).x!
    const header = Buffer.from('3039301306072a8648ce3d020106082a8648ce3d03010703220002', 'hex')
    const short = Buffer.concat([header, Buffer.from(compressed, 'base64url')])
    const behind = Buffer.concat([point, Buffer.alloc(1)])
    expectRefused(KeyManagementError, 'publicKey', [short, behind], (v) => readPublicKey(v))
  })

  it('refuses points that are not on the curve, and the point at infinity', () => {
    for (const [curve, length] of [
      ['P-256', 65],
      ['P-384', 97],
    ] as const) {
      const good = importRawPrivateKey(curve, Buffer.alloc(length >> 1, 1)).publicKey.raw!
      const bad = [
        flip(good, length * 8 - 1),
        Buffer.alloc(length),
        Buffer.concat([Buffer.from([4]), Buffer.alloc(length - 1)]),
        Buffer.concat([Buffer.from([4]), Buffer.alloc(length - 1, 0xff)]),
        Buffer.concat([Buffer.from([2]), good.subarray(1)]),
      ]
      expectRefused(KeyManagementError, 'publicKey', bad, (v) => importRawPublicKey(curve, v))
      expectRefused(KeyManagementError, 'bytes', [...notBytes, good.subarray(1), tooMuch], (v) =>
        importRawPublicKey(curve, v),
      )
      const zero = Buffer.alloc(length >> 1)
      const tooLarge = Buffer.alloc(length >> 1, 0xff)
      expectRefused(KeyManagementError, 'privateKey', [zero, tooLarge], (v) => importRawPrivateKey(curve, v))
    }
  })

  it('refuses a curve key with the public key of another', () => {
    const [one, two] = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }))
    const mixed = one!.privateKey.export({ type: 'pkcs8', format: 'der' })
    two!.publicKey
      .export({ type: 'spki', format: 'der' })
      .subarray(-65)
      .copy(mixed, mixed.length - 65)
    expectRefused(KeyManagementError, 'privateKey', [mixed], (v) => readPrivateKey(v))
  })

  it.each(providerSets)('refuses an ML-KEM key that fails the modulus check ($who)', ({ providers }) => {
    expectRefused(KeyManagementError, 'publicKey', [Buffer.alloc(1184, 0xff)], (v) =>
      importRawPublicKey('ML-KEM-768', v, providers),
    )
  })

  it('refuses raw keys of wrong lengths and kinds', () => {
    for (const kind of Object.keys(rawEncodings) as (keyof typeof rawEncodings)[]) {
      const { privateBytes, publicBytes } = rawEncodings[kind]
      const privates = [0, privateBytes - 1, privateBytes + 1].map((length) => Buffer.alloc(length))
      const publics = [0, publicBytes - 1, publicBytes + 1].map((length) => Buffer.alloc(length))
      expectRefused(KeyManagementError, kind, [...notBytes, ...privates, tooMuch], (v) =>
        importRawPrivateKey(kind, v),
      )
      expectRefused(KeyManagementError, kind, [...notBytes, ...publics, tooMuch], (v) =>
        importRawPublicKey(kind, v),
      )
    }
    expectRefused(KeyManagementError, 'kind', ['RSA', 'P-521', null], (v) =>
      importRawPublicKey(v, Buffer.alloc(1)),
    )
  })

  it('refuses damaged PKCS#8 and SubjectPublicKeyInfo, cut anywhere', async () => {
    for (const algorithm of quick) {
      const key = await keyOf(algorithm)
      const pkcs8 = key.exportPkcs8()
      const { spki } = key.publicKey
      for (let part = 0; part < 8; part++) {
        const at = Math.floor((pkcs8.length * part) / 8)
        const error = refusal(() => readPrivateKey(pkcs8.subarray(0, at)))
        expect(error).toBeInstanceOf(KeyManagementError)
        refusal(() => readPublicKey(spki.subarray(0, Math.floor((spki.length * part) / 8))))
      }
    }
  })

  it('says what it takes for an encrypted key', () => {
    const pem = encodePem('ENCRYPTED PRIVATE KEY', Buffer.alloc(40)).toString()
    expect(refusal(() => readPrivateKey(pem)).message).toContain('encrypted')
  })

  it('refuses what is no key at all', () => {
    const none = [null, undefined, 0, {}, [], '', 'secret', Buffer.alloc(0), tooMuch, 'x'.repeat(70_000)]
    expectRefused(KeyManagementError, 'privateKey', none, (v) => readPrivateKey(v))
    expectRefused(KeyManagementError, 'publicKey', none, (v) => readPublicKey(v))
  })
})

describe('a private key', () => {
  it('is never printed and never serialised', async () => {
    for (const algorithm of ['Ed25519', 'ML-DSA-65'] as KeyPairAlgorithm[]) {
      const key = await keyOf(algorithm)
      expect(`${inspect(key)} ${JSON.stringify(key)} ${String(key)}`).toBe(
        `[PrivateKey ${algorithm}] "[PrivateKey ${algorithm}]" [PrivateKey ${algorithm}]`,
      )
    }
  })

  it.each(['Ed25519', 'ML-KEM-768', 'ML-DSA-65'] as const)(
    '%s is refused after it was destroyed',
    async (algorithm) => {
      const key = await generatePrivateKey(algorithm)
      key.destroy()
      expect(key.destroyed).toBe(true)
      for (const use of [() => key.exportPkcs8(), () => key.keyObject, () => key.kem, () => key.mlDsa]) {
        expect(refusal(use).code).toBe('conflict')
      }
    },
  )
})

it('refuses an unknown algorithm', async () => {
  for (const name of ['RSA-1024', 'rsa-2048', null, 5, '__proto__', 'P-256']) {
    const error = await refusalOf(generateKeyPair(name as KeyPairAlgorithm))
    expect(error).toBeInstanceOf(KeyManagementError)
    expect(error.message).toContain('algorithm must be one of RSA-2048, RSA-4096')
  }
})

const rawPoint = (): Buffer => {
  const key = createPrivateKey({
    key: importRawPrivateKey('P-256', Buffer.alloc(32, 1)).exportPkcs8(),
    format: 'der',
    type: 'pkcs8',
  })
  return createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-65)
}
