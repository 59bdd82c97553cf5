import { type NewVault, type VaultParts } from '../hsm/pinned-vault.ts'
import { SoftwareToken } from '../hsm/software-token.ts'
import type { Token } from '../hsm/token.ts'

/** Where the operator's token comes from. */
export interface TokenSource {
  /** Whether there is a token, sound or not. */
  exists(): boolean
  /** @throws KeyManagementError `token_missing`, `token_damaged` */
  open(): Promise<Token>
  /** Makes a token, logged out; erases both PINs. @throws KeyManagementError `token_exists`, PinError `pin_unsuitable` */
  create(about: NewVault): Promise<Token>
}

/** The software token in `file`. */
export const softwareTokens = (file: string, parts: VaultParts): TokenSource => ({
  exists: () => SoftwareToken.exists(file),
  open: () => SoftwareToken.open(file, parts),
  create: (about) => SoftwareToken.create(file, about, parts),
})
