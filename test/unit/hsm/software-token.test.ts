import { createHash, createPublicKey, verify } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { beforeEach, describe, expect, it } from 'vitest'
import { PinError } from '#core/errors.ts'
import { SoftwareToken } from '#core/hsm/software-token.ts'
import type { Token, TokenKey } from '#core/hsm/token.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { createToken, pin, soPin, tokenParts } from '../../support/software-token.ts'

let file: string
let token: SoftwareToken

const context = Buffer.from('gateway')
const message = Buffer.from('to be signed')

beforeEach(async () => {
  file = join(temporaryFolder(), 'token.vault')
  token = await createToken(file)
})

const reopen = (): Promise<SoftwareToken> => SoftwareToken.open(file, tokenParts)

async function wrongPins(on: Token, count: number): Promise<(number | null)[]> {
  const left: (number | null)[] = []
  for (let index = 0; index < count; index += 1) {
    const error: unknown = await on.login(pin(`wrong ${index}`)).catch((reason: unknown) => reason)
    left.push(error instanceof PinError ? error.triesLeft : null)
  }
  return left
}

describe('a new token', () => {
  it('says what it is, and that it is software', () => {
    expect(token.info()).toEqual({
      label: 'Fleet',
      serial: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      model: 'Groundlock software token',
      protection: 'software',
      operator: 'Ada',
      loggedIn: false,
      triesLeft: 10,
      pinLocked: false,
    })
    expect(SoftwareToken.exists(file)).toBe(true)
    expect(SoftwareToken.exists(`${file}.other`)).toBe(false)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('erases the PINs it was given, also when it refuses them', async () => {
    const secrets = [pin('12345'), soPin()] as const
    const about = { label: 'L', operator: 'O', pin: secrets[0], soPin: secrets[1] }
    await expect(SoftwareToken.create(`${file}.2`, about, tokenParts)).rejects.toThrow(
      /6 to 64 characters; this one has 5/,
    )
    expect(Buffer.concat(secrets).every((byte) => byte === 0)).toBe(true)
    expect(SoftwareToken.exists(`${file}.2`)).toBe(false)
    const given = pin()
    await token.login(given)
    expect(given.every((byte) => byte === 0)).toBe(true)
  })

  it.each([
    ['too short', 'abcde', 'long enough'],
    ['too long', 'x'.repeat(65), 'long enough'],
    ['SO-PIN too short', 'abcdef', 'abcdefg'],
    ['the same', 'abcdefgh', 'abcdefgh'],
    ['not to be typed', 'abc\ndef', 'long enough'],
    ['five characters of many bytes', '🚀🚀🚀🚀🚀', 'long enough'],
  ])('refuses PINs that are unsuitable: %s', async (_, first, second) => {
    const about = { label: 'L', operator: 'O', pin: Buffer.from(first), soPin: Buffer.from(second) }
    await expect(SoftwareToken.create(`${file}.2`, about, tokenParts)).rejects.toMatchObject({
      code: 'pin_unsuitable',
    })
  })

  it('counts characters, not bytes', async () => {
    const about = { label: 'L', operator: 'Zoë', pin: Buffer.from('🚀'.repeat(64)), soPin: soPin() }
    const other = await SoftwareToken.create(`${file}.2`, about, tokenParts)
    await other.login(Buffer.from('🚀'.repeat(64)))
    expect(other.info()).toMatchObject({ operator: 'Zoë', loggedIn: true })
  })

  it('does not replace another', async () => {
    const before = readFileSync(file)
    await expect(createToken(file)).rejects.toMatchObject({ code: 'token_exists' })
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it('refuses a label it could not read back', async () => {
    const about = { label: 'x'.repeat(65), operator: 'O', pin: pin(), soPin: soPin() }
    await expect(SoftwareToken.create(`${file}.2`, about, tokenParts)).rejects.toMatchObject({
      code: 'token_error',
    })
    expect(SoftwareToken.exists(`${file}.2`)).toBe(false)
  })
})

describe('logging in', () => {
  it('needs the PIN and counts wrong ones', async () => {
    expect(await wrongPins(token, 2)).toEqual([9, 8])
    await expect(token.login(pin('no'))).rejects.toThrow(
      'The PIN is wrong. 7 tries are left before the token locks.',
    )
    expect(token.info()).toMatchObject({ triesLeft: 7, loggedIn: false })
    await token.login(pin())
    expect(token.info()).toMatchObject({ triesLeft: 10, loggedIn: true })
  })

  it('counts across restarts, and a try is on the disk before it is made', async () => {
    await wrongPins(token, 4)
    const again = await reopen()
    expect(again.info().triesLeft).toBe(6)
    const running = again.login(pin('wrong'))
    await Promise.resolve()
    await Promise.resolve()
    expect((await reopen()).info().triesLeft).toBe(5)
    await expect(running).rejects.toThrow()
  })

  it('locks after ten, even for the right PIN, until the SO-PIN unblocks it', async () => {
    expect(await wrongPins(token, 11)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0])
    await expect(token.login(pin())).rejects.toMatchObject({ code: 'pin_locked' })
    const again = await reopen()
    expect(again.info()).toMatchObject({ triesLeft: 0, pinLocked: true })
    await again.unblock(soPin(), pin('a new secret'))
    expect(again.info()).toMatchObject({ triesLeft: 10, pinLocked: false, loggedIn: false })
    await expect(again.login(pin())).rejects.toMatchObject({ code: 'pin_incorrect' })
    await again.login(pin('a new secret'))
  })

  it('lets wrong SO-PINs lock the SO-PIN for good', async () => {
    for (let left = 9; left >= 1; left -= 1) {
      await expect(token.unblock(soPin('wrong wrong'), pin('new pin'))).rejects.toMatchObject({
        code: 'pin_incorrect',
        triesLeft: left,
      })
    }
    await expect(token.unblock(soPin('wrong wrong'), pin('new pin'))).rejects.toMatchObject({
      code: 'pin_locked',
    })
    await expect((await reopen()).unblock(soPin(), pin('new pin'))).rejects.toThrow(/locked for good/)
    await token.login(pin())
  })

  it('does not count an unsuitable new PIN as a wrong SO-PIN', async () => {
    await expect(token.unblock(soPin('wrong wrong'), pin('short'))).rejects.toMatchObject({
      code: 'pin_unsuitable',
    })
    await expect(token.unblock(soPin('wrong wrong'), pin('new pin'))).rejects.toMatchObject({ triesLeft: 9 })
    await expect(token.unblock(soPin(), soPin())).rejects.toMatchObject({ code: 'pin_unsuitable' })
  })

  it('changes the PIN with the old one, and keeps the keys', async () => {
    await token.login(pin())
    const key = await token.generateKey('AES-256', 'kek')
    const sealed = await token.wrap(key, message, context)
    await expect(token.changePin(pin('wrong'), pin('a new secret'))).rejects.toMatchObject({
      code: 'pin_incorrect',
      triesLeft: 9,
    })
    await expect(token.changePin(pin(), soPin())).rejects.toMatchObject({ code: 'pin_unsuitable' })
    await token.changePin(pin(), pin('a new secret'))
    const again = await reopen()
    await expect(again.login(pin())).rejects.toMatchObject({ code: 'pin_incorrect' })
    await again.login(pin('a new secret'))
    const [found] = await again.find({ label: 'kek' })
    expect((await again.unwrap(found!, sealed, context)).equals(message)).toBe(true)
  })

  it('orders tries that are made at once', async () => {
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => token.login(pin('wrong'))))
    const left = results.map((result) =>
      result.status === 'rejected' ? (result.reason as PinError).triesLeft : 'in',
    )
    expect(left).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0])
  })
})

describe('keys', () => {
  const loggedOut: [string, (on: Token, key: TokenKey) => Promise<unknown>][] = [
    ['find', (on) => on.find({})],
    ['generateKey', (on) => on.generateKey('AES-256', 'x')],
    ['publicKey', (on, key) => on.publicKey(key)],
    ['sign', (on, key) => on.sign(key, 'ECDSA-SHA384', message)],
    ['wrap', (on, key) => on.wrap(key, message, context)],
    ['unwrap', (on, key) => on.unwrap(key, message, context)],
    ['destroy', (on, key) => on.destroy(key)],
    ['random', (on) => on.random(16)],
  ]

  it.each(loggedOut)('%s needs a login, also after a logout', async (_, use) => {
    await token.login(pin())
    const key = await token.generateKey('ECDSA-P384', 'ca')
    await token.logout()
    await token.logout()
    await expect(use(token, key)).rejects.toMatchObject({ code: 'not_signed_in' })
    await expect(use(await reopen(), key)).rejects.toMatchObject({ code: 'not_signed_in' })
  })

  it.each([
    ['ECDSA-P384', 'ECDSA-SHA384', 96],
    ['RSA-4096', 'RSA-PKCS1-SHA384', 512],
  ] as const)(
    '%s signs for its public key, also after a restart',
    async (algorithm, mechanism, length) => {
      await token.login(pin())
      const made = await token.generateKey(algorithm, 'ca')
      const again = await reopen()
      await again.login(pin())
      const [key] = await again.find({ id: made.id })
      expect(key).toEqual(made)
      const signature = await again.sign(key!, mechanism, message)
      expect(signature).toHaveLength(length)
      const publicKey = createPublicKey({ key: await again.publicKey(key!), format: 'der', type: 'spki' })
      expect(verify('sha384', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
      expect(
        verify('sha384', Buffer.from('other'), { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature),
      ).toBe(false)
    },
    60_000,
  )

  it('are sensitive and never extractable, and nothing that is handed out holds their bytes', async () => {
    await token.login(pin())
    const key = await token.generateKey('ECDSA-P384', 'ca')
    expect(key.attributes).toEqual({
      sensitive: true,
      extractable: false,
      neverExtractable: true,
      local: true,
    })
    expect(Object.keys(key).sort()).toEqual(['algorithm', 'attributes', 'id', 'label'])
    expect(JSON.stringify(token)).toBe('{}')
    expect(inspect(token, { depth: 10, showHidden: true })).not.toMatch(/PrivateKeyObject|Buffer/)
    const names = Object.getOwnPropertyNames(SoftwareToken.prototype)
    expect(names.filter((name) => /export|secret|private/i.test(name))).toEqual([])
  })

  it('are not in the file in clear', async () => {
    await token.login(pin())
    await token.generateKey('ECDSA-P384', 'a label nobody sees')
    const text = readFileSync(file, 'utf8')
    expect(text).not.toContain('a label nobody sees')
    expect(text).not.toContain(Buffer.from('a label nobody sees').toString('base64').slice(4, 20))
    expect(text).not.toContain('correct horse')
  })

  it('are found by label and identifier, and gone once destroyed', async () => {
    await token.login(pin())
    const [first, second] = [
      await token.generateKey('AES-256', 'one'),
      await token.generateKey('AES-256', 'two'),
    ]
    expect(await token.find({})).toEqual([first, second])
    expect(await token.find({ label: 'two' })).toEqual([second])
    expect(await token.find({ label: 'two', id: first.id })).toEqual([])
    await token.destroy(first)
    await expect(token.wrap(first, message, context)).rejects.toMatchObject({ code: 'not_found' })
    const again = await reopen()
    await again.login(pin())
    expect(await again.find({})).toEqual([second])
  })

  it('do only what they are for', async () => {
    await token.login(pin())
    const [signing, wrapping] = [
      await token.generateKey('ECDSA-P384', 'ca'),
      await token.generateKey('AES-256', 'kek'),
    ]
    await expect(token.sign(signing, 'RSA-PKCS1-SHA384', message)).rejects.toMatchObject({
      code: 'token_error',
    })
    await expect(token.sign(wrapping, 'ECDSA-SHA384', message)).rejects.toMatchObject({ code: 'token_error' })
    await expect(token.publicKey(wrapping)).rejects.toMatchObject({ code: 'token_error' })
    await expect(token.wrap(signing, message, context)).rejects.toMatchObject({ code: 'token_error' })
    await expect(token.generateKey('AES-256', '')).rejects.toMatchObject({ code: 'token_error' })
  })

  it('wrap secrets with their context, never twice the same', async () => {
    await token.login(pin())
    const key = await token.generateKey('AES-256', 'kek')
    const other = await token.generateKey('AES-256', 'other')
    const sealed = await token.wrap(key, message, context)
    expect(sealed).toHaveLength(1 + 12 + 16 + message.length)
    expect((await token.wrap(key, message, context)).equals(sealed)).toBe(false)
    expect((await token.unwrap(key, sealed, context)).equals(message)).toBe(true)
    const refused = { code: 'token_error' }
    await expect(token.unwrap(other, sealed, context)).rejects.toMatchObject(refused)
    await expect(token.unwrap(key, sealed, Buffer.from('other'))).rejects.toMatchObject(refused)
    for (let index = 0; index < sealed.length; index += 1) {
      const altered = Buffer.from(sealed)
      altered[index]! ^= 1
      await expect(token.unwrap(key, altered, context)).rejects.toMatchObject(refused)
    }
    await expect(token.unwrap(key, sealed.subarray(0, 28), context)).rejects.toMatchObject(refused)
  })

  it('come with random bytes', async () => {
    await token.login(pin())
    const [first, second] = [await token.random(32), await token.random(32)]
    expect(first).toHaveLength(32)
    expect(createHash('sha256').update(first).digest('hex')).not.toBe(
      createHash('sha256').update(second).digest('hex'),
    )
  })
})
