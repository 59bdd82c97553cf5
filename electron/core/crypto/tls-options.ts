import { constants } from 'node:crypto'

/**
 * For a TLS server's `secureOptions`: no session tickets. Together with a server that keeps no session cache (Node's
 * without a `resumeSession` listener), no connection resumes an earlier one (RFC 8446 section 2.2), so each one proves
 * its certificate's key anew and a revoked one cannot come back on an old ticket.
 */
export const withoutSessionTickets = constants.SSL_OP_NO_TICKET
