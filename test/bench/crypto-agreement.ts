import {
  constants,
  decapsulate as bareDecapsulate,
  diffieHellman,
  encapsulate as bareEncapsulate,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto'
import { ml_kem1024, ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { agreeEcdh, agreeX25519 } from '#core/crypto/agreement.ts'
import type { KemAlgorithm } from '#core/crypto/algorithms.ts'
import { decapsulate, encapsulate } from '#core/crypto/kem.ts'
import { generatePrivateKey } from '#core/crypto/key-pairs.ts'
import { platformProviders } from '#core/crypto/registry.ts'
import { decryptOaep, encryptOaep } from '#core/crypto/rsa-oaep.ts'
import { type CryptoCase, eachTime, shortRounds } from './crypto-case.ts'

const common = {
  part: 'crypto agreement',
  against: 'the bare library call (node:crypto with KeyObjects, or @noble/post-quantum)',
  rounds: shortRounds,
} as const

/** Key agreement, encapsulation and transport, with keys that were read before. */
export async function agreementCases(): Promise<CryptoCase[]> {
  return [
    ...(await curveCases()),
    ...(await kemCases('ML-KEM-768')),
    ...(await kemCases('ML-KEM-1024')),
    ...(await transportCases()),
  ]
}

async function curveCases(): Promise<CryptoCase[]> {
  const bare = (pair: () => { privateKey: KeyObject; publicKey: KeyObject }) => {
    const [{ privateKey }, { publicKey }] = [pair(), pair()]
    return eachTime(() => diffieHellman({ privateKey, publicKey }))
  }
  const cases: CryptoCase[] = []
  for (const curve of ['P-256', 'P-384'] as const) {
    const kind = curve === 'P-256' ? 'ECDSA-P256' : 'ECDSA-P384'
    const [own, peer] = [await generatePrivateKey(kind), (await generatePrivateKey(kind)).publicKey]
    cases.push({
      ...common,
      what: `ECDH ${curve}`,
      ours: eachTime(() => agreeEcdh(curve, own, peer)),
      bare: bare(() => generateKeyPairSync('ec', { namedCurve: curve })),
      speed: { arguments: [`ecdh${curve.replace('-', '').toLowerCase()}`], line: 'R7' },
    })
  }
  const [own, peer] = [await generatePrivateKey('X25519'), (await generatePrivateKey('X25519')).publicKey]
  cases.push({
    ...common,
    what: 'X25519',
    ours: eachTime(() => agreeX25519(own, peer)),
    bare: bare(() => generateKeyPairSync('x25519')),
    speed: { arguments: ['ecdhx25519'], line: 'R7' },
  })
  return cases
}

async function kemCases(algorithm: KemAlgorithm): Promise<CryptoCase[]> {
  const own = await generatePrivateKey(algorithm)
  const { ciphertext } = encapsulate(own.publicKey)
  const native = platformProviders().kem[algorithm].name === 'node'
  const bare = native ? nodeKem(algorithm) : nobleKem(algorithm)
  return [
    {
      ...common,
      what: `${algorithm} encapsulate`,
      ours: eachTime(() => encapsulate(own.publicKey)),
      bare: eachTime(bare.encapsulate),
      speed: { arguments: [algorithm], line: 'R16' },
    },
    {
      ...common,
      what: `${algorithm} decapsulate`,
      ours: eachTime(() => decapsulate(own, ciphertext)),
      bare: eachTime(bare.decapsulate),
      speed: { arguments: [algorithm], line: 'R17' },
    },
  ]
}

interface BareKem {
  readonly encapsulate: () => unknown
  readonly decapsulate: () => unknown
}

function nodeKem(algorithm: KemAlgorithm): BareKem {
  const { privateKey, publicKey } =
    algorithm === 'ML-KEM-768' ? generateKeyPairSync('ml-kem-768') : generateKeyPairSync('ml-kem-1024')
  const { ciphertext } = bareEncapsulate(publicKey)
  return {
    encapsulate: () => bareEncapsulate(publicKey),
    decapsulate: () => bareDecapsulate(privateKey, ciphertext),
  }
}

function nobleKem(algorithm: KemAlgorithm): BareKem {
  const kem = algorithm === 'ML-KEM-768' ? ml_kem768 : ml_kem1024
  const { publicKey, secretKey } = kem.keygen()
  const { cipherText } = kem.encapsulate(publicKey)
  return {
    encapsulate: () => kem.encapsulate(publicKey),
    decapsulate: () => kem.decapsulate(cipherText, secretKey),
  }
}

async function transportCases(): Promise<CryptoCase[]> {
  const own = await generatePrivateKey('RSA-2048')
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' } as const
  const key = randomBytes(32)
  const ciphertext = encryptOaep(own.publicKey, key)
  const bareCiphertext = publicEncrypt({ key: publicKey, ...padding }, key)
  return [
    {
      ...common,
      what: 'RSA-2048 OAEP encrypt',
      ours: eachTime(() => encryptOaep(own.publicKey, key)),
      bare: eachTime(() => publicEncrypt({ key: publicKey, ...padding }, key)),
    },
    {
      ...common,
      what: 'RSA-2048 OAEP decrypt',
      ours: eachTime(() => decryptOaep(own, ciphertext)),
      bare: eachTime(() => privateDecrypt({ key: privateKey, ...padding }, bareCiphertext)),
    },
  ]
}
