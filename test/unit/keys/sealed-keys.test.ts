import { beforeEach, describe, expect, it } from 'vitest'
import type { SoftwareToken } from '#core/hsm/software-token.ts'
import { SealedKeys } from '#core/keys/sealed-keys.ts'
import type { Database } from '#core/store/database.ts'
import { FakeClock } from '../../support/clock.ts'
import { openConsoleDatabase } from '../../support/console-database.ts'
import { createToken, pin } from '../../support/software-token.ts'

let database: Database
let token: SoftwareToken
let keys: SealedKeys

const pkcs8 = (text = 'a private key'): Buffer => Buffer.from(text)
const signedIn = async (): Promise<SoftwareToken> => {
  const made = await createToken()
  await made.login(pin())
  return made
}

beforeEach(async () => {
  database = openConsoleDatabase()
  keys = new SealedKeys({ database, clock: new FakeClock() })
  token = await signedIn()
})

describe('sealed keys', () => {
  it('are opened by the token that sealed them, and not in clear on the disk', async () => {
    expect(keys.exists('gateway')).toBe(false)
    keys.store(await keys.seal('gateway', 'ECDSA-P384', pkcs8(), token))
    expect(keys.exists('gateway')).toBe(true)
    expect((await keys.open('gateway', token)).toString()).toBe('a private key')
    const row = database.prepare<[], { sealed: Buffer; created_at: string }>('SELECT * FROM sealed_key').get()
    expect(row?.sealed.includes('private')).toBe(false)
    expect(row?.created_at).toBe('2026-11-21T00:00:00.000Z')
  })

  it('erase what they were given, also when sealing fails', async () => {
    const given = pkcs8()
    await keys.seal('gateway', 'ECDSA-P384', given, token)
    expect(given.every((byte) => byte === 0)).toBe(true)
    await token.logout()
    const refused = pkcs8()
    await expect(keys.seal('gateway', 'ECDSA-P384', refused, token)).rejects.toMatchObject({
      code: 'not_signed_in',
    })
    expect(refused.every((byte) => byte === 0)).toBe(true)
  })

  it('share one key of the token, also when sealed at once', async () => {
    const sealed = await Promise.all(
      ['gateway', 'ground-station'].map((name) => keys.seal(name, 'ECDSA-P384', pkcs8(name), token)),
    )
    expect(await token.find({})).toHaveLength(1)
    database.transaction(() => sealed.forEach((key) => keys.store(key)))
    for (const { name } of sealed) expect((await keys.open(name, token)).toString()).toBe(name)
  })

  it('belong to the transaction of the caller', async () => {
    const sealed = await keys.seal('gateway', 'ECDSA-P384', pkcs8(), token)
    expect(() =>
      database.transaction(() => {
        keys.store(sealed)
        throw new Error('no certificate')
      }),
    ).toThrow('no certificate')
    expect(keys.exists('gateway')).toBe(false)
  })

  it('are replaced under the same name', async () => {
    keys.store(await keys.seal('gateway', 'ECDSA-P384', pkcs8('old'), token))
    keys.store(await keys.seal('gateway', 'RSA-4096', pkcs8('new'), token))
    expect((await keys.open('gateway', token)).toString()).toBe('new')
  })

  it('cannot take the place of one another', async () => {
    keys.store(await keys.seal('gateway', 'ECDSA-P384', pkcs8(), token))
    keys.store(await keys.seal('ground-station', 'ECDSA-P384', pkcs8(), token))
    database
      .prepare("UPDATE sealed_key SET sealed = (SELECT sealed FROM sealed_key WHERE name = 'ground-station')")
      .run()
    await expect(keys.open('gateway', token)).rejects.toMatchObject({ code: 'token_error' })
  })

  it('say when they are missing, when the token is another one, and when it is locked', async () => {
    await expect(keys.open('gateway', token)).rejects.toMatchObject({ code: 'not_found' })
    keys.store(await keys.seal('gateway', 'ECDSA-P384', pkcs8(), token))
    const other = await signedIn()
    await expect(keys.open('gateway', other)).rejects.toThrow(/Use the token it was set up with/)
    await keys.seal('other', 'ECDSA-P384', pkcs8(), other)
    await expect(keys.open('gateway', other)).rejects.toMatchObject({ code: 'token_error' })
    await token.logout()
    await expect(keys.open('gateway', token)).rejects.toMatchObject({ code: 'not_signed_in' })
  })
})
