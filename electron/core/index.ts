/** The engine's public API: the classes of the spec, and what composes them. */
export { AgentNode } from './agent/agent-node.ts'
export { AuditLog } from './audit/log.ts'
export { SecurityAuditLogger } from './audit/security-logger.ts'
export { Authority } from './ca/authority.ts'
export { CertificateManager } from './ca/certificate-manager.ts'
export { createConsole } from './console.ts'
export { AdvancedEncryptionManager } from './crypto/encryption-manager.ts'
export { encryptPrivateKey, readEncryptedPrivateKey } from './crypto/encrypted-pkcs8.ts'
export { HybridKeyPair, encapsulateHybrid } from './crypto/hybrid.ts'
export { agreeEcdh, agreeX25519 } from './crypto/agreement.ts'
export { decapsulate, encapsulate } from './crypto/kem.ts'
export { macKey } from './crypto/mac.ts'
export { MessageAuthenticator } from './crypto/message-authenticator.ts'
export { capabilities, createProviders } from './crypto/registry.ts'
export { decryptOaep, encryptOaep } from './crypto/rsa-oaep.ts'
export { SecretKey, secureKeyDestruction } from './crypto/secret-key.ts'
export { requireSelfTest, runSelfTest } from './crypto/self-test.ts'
export {
  AuthenticationError,
  CertificateError,
  EncryptionError,
  KeyManagementError,
  ReplayAttackError,
  SecurityException,
} from './errors.ts'
export { SoftwareToken } from './hsm/software-token.ts'
export { KeyManager } from './keys/key-manager.ts'
export { SecureCommunicationProtocol } from './session/protocol.ts'
export { SecureSession } from './session/secure-session.ts'
