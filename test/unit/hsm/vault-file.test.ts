import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { SoftwareToken } from '#core/hsm/software-token.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { createToken, pin, tokenParts } from '../../support/software-token.ts'

interface Document {
  vault: Record<string, unknown>
  sha256: string
}

let file: string

beforeEach(async () => {
  file = join(temporaryFolder(), 'token.vault')
  const token = await createToken(file)
  await token.login(pin())
  await token.generateKey('AES-256', 'kek')
})

/** Where the vault is written before it takes its name. */
const draft = (): string => `${file}.${process.pid}.new`

const open = (): Promise<SoftwareToken> => SoftwareToken.open(file, tokenParts)

/** Edits the file; `expert` also makes the checksum fit, as somebody who knows the format would. */
function edit(change: (vault: Record<string, unknown>) => void, { expert }: { expert: boolean }): void {
  const document = JSON.parse(readFileSync(file, 'utf8')) as Document
  change(document.vault)
  if (expert) document.sha256 = createHash('sha256').update(JSON.stringify(document.vault)).digest('hex')
  writeFileSync(file, JSON.stringify(document))
}

describe('a vault file that is not what it was', () => {
  it.each([
    ['empty', () => truncateSync(file, 0)],
    ['truncated', () => truncateSync(file, statSync(file).size - 20)],
    ['not JSON', () => writeFileSync(file, 'hello')],
    ['another JSON', () => writeFileSync(file, '{"vault":null}')],
    ['binary', () => writeFileSync(file, Buffer.alloc(500, 0xff))],
    ['far too large', () => writeFileSync(file, Buffer.alloc(5_000_000, 0x20))],
    ['edited', () => edit((vault) => (vault.label = 'Other'), { expert: false })],
    ['given more tries by hand', () => edit((vault) => (vault.pinTries = 3), { expert: false })],
    ['given an unknown member', () => edit((vault) => (vault.extra = 1), { expert: true })],
    ['given an impossible counter', () => edit((vault) => (vault.pinTries = 99), { expert: true })],
    [
      'given a cost that would exhaust the machine',
      () =>
        edit((vault) => ((vault.pin as { kdf: { memoryKiB: number } }).kdf.memoryKiB = 2 ** 31), {
          expert: true,
        }),
    ],
  ])('is refused and left as it is: %s', async (_, damage) => {
    damage()
    const before = readFileSync(file)
    await expect(open()).rejects.toMatchObject({
      code: 'token_damaged',
      message: expect.stringMatching(/Restore it from a backup/) as string,
    })
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it('is refused when a newer version wrote it', async () => {
    edit((vault) => (vault.version = 2), { expert: true })
    await expect(open()).rejects.toThrow(/newer Groundlock; update/)
  })

  it('is not made anew when it is missing', async () => {
    rmSync(file)
    await expect(open()).rejects.toMatchObject({ code: 'token_missing' })
    expect(existsSync(file)).toBe(false)
  })

  it('gives no keys away when its contents were exchanged with a fitting checksum', async () => {
    edit((vault) => ((vault.content as { tag: string }).tag = Buffer.alloc(16).toString('base64')), {
      expert: true,
    })
    const token = await open()
    await expect(token.login(pin())).rejects.toMatchObject({ code: 'token_damaged' })
    expect(token.info().loggedIn).toBe(false)
  })

  it.each(['label', 'operator'])('does not open under another %s', async (name) => {
    edit((vault) => (vault[name] = 'Eve'), { expert: true })
    await expect((await open()).login(pin())).rejects.toMatchObject({ code: 'pin_incorrect' })
  })

  it('is taken away from other users', async () => {
    chmodSync(file, 0o644)
    await open()
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('is replaced even where a crash left a draft behind', async () => {
    writeFileSync(draft(), 'half a vault')
    const token = await open()
    await token.login(pin())
    expect(existsSync(draft())).toBe(false)
    await (await open()).login(pin())
  })

  it('refuses a try it cannot count', async () => {
    const token = await open()
    mkdirSync(draft())
    await expect(token.login(pin())).rejects.toThrow()
    expect(token.info()).toMatchObject({ loggedIn: false, triesLeft: 10 })
    rmSync(draft(), { recursive: true })
    await token.login(pin())
  })
})
