/** Runs until it is killed: `node use-vault.ts VAULT`. Makes keys and prints the identifier of each that is durable. */
import { writeSync } from 'node:fs'
import { SoftwareToken } from '#core/hsm/software-token.ts'
import { pin, tokenParts } from '../software-token-parts.ts'

const [, , file = ''] = process.argv
const token = await SoftwareToken.open(file, tokenParts)
await token.login(pin())
for (;;) {
  const { id } = await token.generateKey('AES-256', 'made before the end')
  writeSync(1, `${id}\n`)
}
