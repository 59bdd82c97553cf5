/** The engine's public API: the classes of the spec, and what composes them. */
export { AgentNode } from './agent/agent-node.ts'
export { AuditLog } from './audit/log.ts'
export { SecurityAuditLogger } from './audit/security-logger.ts'
export { Authority } from './ca/authority.ts'
export { CertificateManager } from './ca/certificate-manager.ts'
export { createConsole } from './console.ts'
export {
  AuthenticationError,
  CertificateError,
  EncryptionError,
  KeyManagementError,
  ReplayAttackError,
  SecurityException,
} from './errors.ts'
export { SoftwareToken } from './hsm/software-token.ts'
export { SecureCommunicationProtocol } from './session/protocol.ts'
export { SecureSession } from './session/secure-session.ts'
