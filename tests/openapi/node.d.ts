// SPDX-License-Identifier: MIT
// What client.ts uses of Node.
declare const process: { argv: string[] }
