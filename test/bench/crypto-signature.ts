import { constants, generateKeyPairSync, type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import { ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import type { MlDsaAlgorithm } from '#core/crypto/algorithms.ts'
import { MessageAuthenticator } from '#core/crypto/message-authenticator.ts'
import { generatePrivateKey } from '#core/crypto/key-pairs.ts'
import { platformProviders } from '#core/crypto/registry.ts'
import { type CryptoCase, eachTime, shortRounds } from './crypto-case.ts'

/** The message's length hardly matters: it is hashed first, or short besides the signature. */
const message = randomBytes(64)

const part = 'crypto signatures of 64 B'

/** By `openssl speed`: its name, and the lines with signatures and verifications. */
const classic = [
  { pair: 'RSA-2048', algorithm: 'RSA-PSS-SHA256', speed: ['rsa2048', 'R1', 'R2'] },
  { pair: 'RSA-4096', algorithm: 'RSA-PSS-SHA256', speed: ['rsa4096', 'R1', 'R2'] },
  { pair: 'ECDSA-P256', algorithm: 'ECDSA-SHA256', speed: ['ecdsap256', 'R5', 'R6'] },
  { pair: 'ECDSA-P384', algorithm: 'ECDSA-SHA384', speed: ['ecdsap384', 'R5', 'R6'] },
  { pair: 'Ed25519', algorithm: 'Ed25519', speed: ['ed25519', 'R8', 'R9'] },
] as const

/** `signMessage` and `verifySignature`, with keys that were read before. */
export async function signatureCases(): Promise<CryptoCase[]> {
  const cases: CryptoCase[] = []
  for (const one of classic) cases.push(...(await classicCases(one)))
  for (const algorithm of ['ML-DSA-65', 'ML-DSA-87'] as const) cases.push(...(await mlDsaCases(algorithm)))
  return cases
}

async function classicCases({ pair, algorithm, speed }: (typeof classic)[number]): Promise<CryptoCase[]> {
  const authenticator = new MessageAuthenticator()
  const own = await generatePrivateKey(pair)
  const { privateKey, publicKey } = bareKeys(pair)
  const hash = algorithm === 'Ed25519' ? null : `sha${algorithm.slice(-3)}`
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } as const
  const [signing, checking] = algorithm.startsWith('RSA')
    ? [
        { key: privateKey, ...pss },
        { key: publicKey, ...pss },
      ]
    : [privateKey, publicKey]
  const signature = authenticator.signMessage(message, own, algorithm)
  const bareSignature = sign(hash, message, signing)
  const common = { part, against: 'the bare library call (node:crypto with KeyObjects)', rounds: shortRounds }
  const [name, signs, verifies] = speed
  return [
    {
      ...common,
      what: `${pair} sign`,
      ours: eachTime(() => authenticator.signMessage(message, own, algorithm)),
      bare: eachTime(() => sign(hash, message, signing)),
      speed: { arguments: [name], line: signs },
    },
    {
      ...common,
      what: `${pair} verify`,
      ours: eachTime(() => authenticator.verifySignature(message, signature, own.publicKey, algorithm)),
      bare: eachTime(() => verify(hash, message, checking, bareSignature)),
      speed: { arguments: [name], line: verifies },
    },
  ]
}

function bareKeys(pair: (typeof classic)[number]['pair']): { privateKey: KeyObject; publicKey: KeyObject } {
  switch (pair) {
    case 'RSA-2048':
      return generateKeyPairSync('rsa', { modulusLength: 2048 })
    case 'RSA-4096':
      return generateKeyPairSync('rsa', { modulusLength: 4096 })
    case 'ECDSA-P256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    case 'ECDSA-P384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' })
    case 'Ed25519':
      return generateKeyPairSync('ed25519')
  }
}

async function mlDsaCases(algorithm: MlDsaAlgorithm): Promise<CryptoCase[]> {
  const authenticator = new MessageAuthenticator()
  const own = await generatePrivateKey(algorithm)
  const signature = authenticator.signMessage(message, own, algorithm)
  const native = platformProviders().mlDsa[algorithm].name === 'node'
  const bare = native ? nodeCalls(algorithm) : nobleCalls(algorithm)
  const against = native ? 'node:crypto with KeyObjects' : '@noble/post-quantum'
  return [
    {
      part,
      against,
      what: `${algorithm} sign`,
      ours: eachTime(() => authenticator.signMessage(message, own, algorithm)),
      bare: eachTime(bare.sign),
      rounds: shortRounds,
      speed: { arguments: [algorithm], line: 'R19' },
    },
    {
      part,
      against,
      what: `${algorithm} verify`,
      ours: eachTime(() => authenticator.verifySignature(message, signature, own.publicKey, algorithm)),
      bare: eachTime(bare.verify),
      rounds: shortRounds,
      speed: { arguments: [algorithm], line: 'R20' },
    },
  ]
}

interface BareCalls {
  readonly sign: () => unknown
  readonly verify: () => unknown
}

function nodeCalls(algorithm: MlDsaAlgorithm): BareCalls {
  const { privateKey, publicKey } =
    algorithm === 'ML-DSA-65' ? generateKeyPairSync('ml-dsa-65') : generateKeyPairSync('ml-dsa-87')
  const signature = sign(null, message, privateKey)
  return {
    sign: () => sign(null, message, privateKey),
    verify: () => verify(null, message, publicKey, signature),
  }
}

function nobleCalls(algorithm: MlDsaAlgorithm): BareCalls {
  const scheme = algorithm === 'ML-DSA-65' ? ml_dsa65 : ml_dsa87
  const { publicKey, secretKey } = scheme.keygen()
  const signature = scheme.sign(message, secretKey)
  return {
    sign: () => scheme.sign(message, secretKey),
    verify: () => scheme.verify(signature, message, publicKey),
  }
}
