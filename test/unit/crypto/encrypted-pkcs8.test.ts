import { execFileSync, spawnSync } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type EncryptedKeyOptions,
  encryptPrivateKey,
  readEncryptedPrivateKey,
} from '#core/crypto/encrypted-pkcs8.ts'
import { readPrivateKey } from '#core/crypto/key-import.ts'
import { decryptPbes2, encryptPbes2 } from '#core/crypto/pbes2.ts'
import { decodePem } from '#core/crypto/pem.ts'
import { AuthenticationError, EncryptionError, KeyManagementError } from '#core/errors.ts'
import { flip, notBytes, refusalOf, tooMuch } from '../../support/crypto-inputs.ts'
import { keyOf } from '../../support/crypto-keys.ts'
import { temporaryFolder } from '../../support/folder.ts'

const passphrase = Buffer.from('correct horse battery staple')
const quick: EncryptedKeyOptions = { iterations: 100_000 }

describe('an encrypted private key', () => {
  it.each(['ECDSA-P384', 'Ed25519', 'ML-DSA-65'] as const)('%s comes back the same', async (algorithm) => {
    const key = await keyOf(algorithm)
    for (const cipher of ['AES-256-CBC', 'AES-256-GCM'] as const) {
      const pem = await encryptPrivateKey(key, passphrase, { ...quick, cipher })
      expect(pem).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/)
      const read = await readEncryptedPrivateKey(pem, passphrase)
      expect(read.exportPkcs8().equals(key.exportPkcs8())).toBe(true)
    }
  })

  it('is read by node:crypto and by openssl', async () => {
    const key = await keyOf('ECDSA-P256')
    const pem = await encryptPrivateKey(key, passphrase, quick)
    const theirs = createPrivateKey({ key: pem, format: 'pem', passphrase })
    expect(theirs.export({ type: 'pkcs8', format: 'der' }).equals(key.exportPkcs8())).toBe(true)
    const plain = execFileSync('openssl', ['pkcs8', '-passin', `pass:${passphrase.toString()}`], {
      input: pem,
    })
    expect(readPrivateKey(plain).exportPkcs8().equals(key.exportPkcs8())).toBe(true)
  })

  it.each([
    ['-v2', 'aes-256-cbc'],
    ['-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA512'],
    ['-v2', 'aes-192-cbc', '-iter', '5000'],
    ['-scrypt'],
  ])('that openssl wrote with %s %s %s %s is read', async (...options) => {
    const key = await keyOf('ECDSA-P256')
    const pass = `pass:${passphrase.toString()}`
    const pem = execFileSync('openssl', ['pkcs8', '-topk8', ...options, '-passout', pass], {
      input: key.exportPem(),
    })
    const read = await readEncryptedPrivateKey(pem, passphrase)
    expect(read.publicKey.spki.equals(key.publicKey.spki)).toBe(true)
    expect(await refusalOf(readEncryptedPrivateKey(pem, Buffer.from('wrong')))).toBeInstanceOf(
      AuthenticationError,
    )
  })

  it('in an old form is refused with what is taken', async () => {
    const key = await keyOf('ECDSA-P256')
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'key.pem'), key.exportPem())
    for (const [options, said] of [
      [['-v2', 'des3'], 'AES-CBC or AES-256-GCM'],
      [['-v1', 'PBE-SHA1-3DES'], 'PBES2'],
      [['-v2', 'aes-256-cbc', '-v2prf', 'hmacWithSHA1'], 'HMAC-SHA256'],
    ] as const) {
      const made = spawnSync(
        'openssl',
        ['pkcs8', '-topk8', ...options, '-passout', 'pass:pw', '-in', 'key.pem'],
        {
          cwd: folder,
        },
      )
      const error = await refusalOf(readEncryptedPrivateKey(made.stdout, Buffer.from('pw')))
      expect(error).toBeInstanceOf(KeyManagementError)
      expect(error.message).toContain(said)
    }
  })

  it('that was altered anywhere is refused, and never crashes', async () => {
    const key = await keyOf('Ed25519')
    const pem = await encryptPrivateKey(key, passphrase, { ...quick, cipher: 'AES-256-GCM' })
    const der = decodePem('ENCRYPTED PRIVATE KEY', pem)!
    const step = 61
    for (let bit = 0; bit < der.length * 8; bit += step) {
      await refusalOf(readEncryptedPrivateKey(flip(der, bit), passphrase))
    }
    for (let end = 0; end < der.length; end += 7) {
      await refusalOf(readEncryptedPrivateKey(der.subarray(0, end), passphrase))
    }
  })

  it('needs a passphrase and enough iterations', async () => {
    const key = await keyOf('Ed25519')
    for (const bad of [...notBytes, Buffer.alloc(0), Buffer.alloc(1025), tooMuch]) {
      const error = await refusalOf(encryptPrivateKey(key, bad as Buffer))
      expect(error).toBeInstanceOf(EncryptionError)
      expect(error.message).toContain('passphrase')
      expect((await refusalOf(readEncryptedPrivateKey('', bad as Buffer))).message).toContain('passphrase')
    }
    for (const iterations of [1, 99_999, 2 ** 40, '100000']) {
      const error = await refusalOf(encryptPrivateKey(key, passphrase, { iterations: iterations as number }))
      expect(error.message).toContain('iterations')
    }
    expect(
      (await refusalOf(encryptPrivateKey(key, passphrase, { cipher: 'AES-128-CBC' as never }))).message,
    ).toContain('cipher')
    for (const none of [null, 5, '', 'secret', Buffer.alloc(0), Buffer.alloc(50, 0x30), tooMuch]) {
      const error = await refusalOf(readEncryptedPrivateKey(none as Buffer, passphrase))
      expect(error).toBeInstanceOf(KeyManagementError)
      expect(error.message).toContain('encryptedKey')
    }
  })
})

describe('PBES2', () => {
  const parameters = {
    cipher: 'AES-256-CBC',
    hash: 'SHA-256',
    salt: Buffer.alloc(16),
    iterations: 100_000,
    iv: Buffer.alloc(16),
  } as const

  it('decrypts what it encrypted, and refuses a wrong password', async () => {
    const sealed = await encryptPbes2(Buffer.from('text'), passphrase, parameters)
    expect((await decryptPbes2(sealed, passphrase, parameters)).toString()).toBe('text')
    const cut = sealed.subarray(0, sealed.length - 1)
    expect(await refusalOf(decryptPbes2(cut, passphrase, parameters))).toBeInstanceOf(AuthenticationError)
  })

  it('refuses bad input', async () => {
    const text = Buffer.from('text')
    const bad: [string, () => Promise<unknown>][] = [
      ['parameters', () => encryptPbes2(text, passphrase, null as never)],
      ['cipher', () => encryptPbes2(text, passphrase, { ...parameters, cipher: 'AES-128-CBC' })],
      ['iv', () => encryptPbes2(text, passphrase, { ...parameters, iv: Buffer.alloc(12) })],
      ['salt', () => encryptPbes2(text, passphrase, { ...parameters, salt: Buffer.alloc(8) })],
      ['iterations', () => encryptPbes2(text, passphrase, { ...parameters, iterations: 2048 })],
      ['plaintext', () => encryptPbes2(tooMuch, passphrase, parameters)],
      ['ciphertext', () => decryptPbes2('secret' as never, passphrase, parameters)],
      ['password', () => decryptPbes2(text, null as never, parameters)],
      ['hash', () => decryptPbes2(text, passphrase, { ...parameters, hash: 'SHA-1' as never })],
    ]
    for (const [parameter, work] of bad) expect((await refusalOf(work())).message).toContain(parameter)
  })
})
