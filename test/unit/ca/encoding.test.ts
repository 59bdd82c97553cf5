import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readDer, readDerElements, readDerSequence } from '#core/crypto/der.ts'
import { decodePem, encodePem, pemText } from '#core/crypto/pem.ts'
import { describePublicKey } from '#core/crypto/x509-signature.ts'
import { makeKeys } from '../../support/certificates.ts'

const bytes = (hex: string): Uint8Array => Buffer.from(hex, 'hex')

describe('DER', () => {
  it('reads elements one behind the other', () => {
    const elements = readDerElements(bytes('0201050403aabbcc'))
    expect(elements.map(({ tag, content }) => [tag, Buffer.from(content).toString('hex')])).toEqual([
      [2, '05'],
      [4, 'aabbcc'],
    ])
  })

  it('reads long lengths', () => {
    const long = Buffer.concat([bytes('04820100'), Buffer.alloc(256, 7)])
    expect(readDer(long).content).toHaveLength(256)
  })

  it.each([
    ['nothing', ''],
    ['no length', '30'],
    ['less than promised', '300201'],
    ['an indefinite length', '30800000'],
    ['a length with a leading zero', '04820005aabbccddee'],
    ['a long form for a short length', '048105aabbccddee'],
    ['a length of more than three octets', '048400000001aa'],
    ['a tag of several octets', '1f810100'],
  ])('refuses %s', (_name, hex) => {
    expect(() => readDer(bytes(hex))).toThrow(RangeError)
  })

  it('refuses bytes behind a sequence, and what is no sequence', () => {
    expect(readDerSequence(bytes('3000'))).toEqual([])
    expect(() => readDerSequence(bytes('300000'))).toThrow(RangeError)
    expect(() => readDerSequence(bytes('0400'))).toThrow(RangeError)
  })

  it('never reads outside the bytes it was given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (input) => {
        try {
          const element = readDer(input)
          return element.bytes.length <= input.length
        } catch (error) {
          return error instanceof RangeError
        }
      }),
    )
  })
})

describe('PEM', () => {
  it('is what everybody else writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (der) => {
        const body = Buffer.from(der)
          .toString('base64')
          .replace(/.{64}(?=.)/g, '$&\n')
        expect(pemText('TEST', der)).toBe(`-----BEGIN TEST-----\n${body}\n-----END TEST-----\n`)
        expect(decodePem('TEST', pemText('TEST', der))).toEqual(Buffer.from(der))
      }),
    )
  })

  it('leaves no slack in its buffer in which a key could stay', () => {
    for (const length of [1, 47, 48, 49, 96, 185]) {
      expect(encodePem('PRIVATE KEY', Buffer.alloc(length)).includes(0)).toBe(false)
    }
  })

  it('is read with Windows line ends, and only with the label asked for', () => {
    const text = pemText('TEST', Buffer.from('content')).replaceAll('\n', '\r\n')
    expect(decodePem('TEST', text)).toEqual(Buffer.from('content'))
    expect(decodePem('OTHER', text)).toBeNull()
    expect(decodePem('TEST', `x${text}`)).toBeNull()
    expect(decodePem('TEST', text + text)).toBeNull()
  })
})

describe('a public key', () => {
  it('is named by what it is', async () => {
    expect(describePublicKey((await makeKeys('P-384')).spki)).toBe('ECDSA-P384')
    expect(describePublicKey((await makeKeys('P-256')).spki)).toBe('ECDSA-P256')
    expect(describePublicKey((await makeKeys('RSA-2048')).spki)).toBe('RSA-2048')
  })

  it('has no name when it is not on its curve or not in its one encoding', async () => {
    const { spki } = await makeKeys('P-384')
    const off = Buffer.from(spki)
    off[off.length - 1] = (off.at(-1) ?? 0) ^ 1
    expect(describePublicKey(off)).toBeNull()
    expect(describePublicKey(Buffer.concat([spki, Buffer.from([0])]))).toBeNull()
    expect(describePublicKey(Buffer.alloc(0))).toBeNull()
  })
})
