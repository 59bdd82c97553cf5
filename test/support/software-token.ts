import { join } from 'node:path'
import { SoftwareToken } from '#core/hsm/software-token.ts'
import { temporaryFolder } from './folder.ts'
import { pin, soPin, tokenParts } from './software-token-parts.ts'

export { cheapCost, pin, soPin, tokenParts } from './software-token-parts.ts'

/** A new token in `file`, logged out. */
export const createToken = (file = join(temporaryFolder(), 'token.vault')): Promise<SoftwareToken> =>
  SoftwareToken.create(file, { label: 'Fleet', operator: 'Ada', pin: pin(), soPin: soPin() }, tokenParts)
