import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { platformRandom } from '#core/crypto/random.ts'
import { SoftwareToken } from '#core/hsm/software-token.ts'
import { killAfter } from '../support/crash/kill.ts'
import { temporaryFolder } from '../support/folder.ts'
import { createToken, pin, soPin, tokenParts } from '../support/software-token.ts'

describe('the vault', () => {
  it('keeps every key that was acknowledged when its process is killed', async () => {
    const file = join(temporaryFolder(), 'token.vault')
    await createToken(file)
    const made = new Set<string>()
    for (const lines of [1, 8, 30]) {
      for (const id of await killAfter(lines, 'use-vault.ts', file)) made.add(id)
      const token = await SoftwareToken.open(file, tokenParts)
      await token.login(pin())
      const found = new Set((await token.find({})).map(({ id }) => id))
      expect([...made].filter((id) => !found.has(id))).toEqual([])
      expect(token.info().triesLeft).toBe(10)
    }
  })

  it('works at the cost it has in use: Argon2id, 64 MiB, 3 passes', async () => {
    const file = join(temporaryFolder(), 'token.vault')
    const parts = { random: platformRandom }
    const about = { label: 'Fleet', operator: 'Ada', pin: pin(), soPin: soPin() }
    await SoftwareToken.create(file, about, parts)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      vault: {
        pin: { kdf: { memoryKiB: 65536, passes: 3, lanes: 1 } },
        soPin: { kdf: { memoryKiB: 65536 } },
      },
    })
    const token = await SoftwareToken.open(file, parts)
    await expect(token.login(pin('wrong'))).rejects.toMatchObject({ triesLeft: 9 })
    await token.login(pin())
    expect(readdirSync(join(file, '..'))).toEqual(['token.vault'])
  })
})
