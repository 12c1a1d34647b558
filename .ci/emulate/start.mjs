// Starts the emulate package's GitHub on loopback, with one App that is installed
// on one organisation with one repository. Prints {"url", "key"} as one line of
// JSON, and ends when its standard input does.
// usage: node start.mjs PORT WEBHOOK_URL WEBHOOK_SECRET
import { createEmulator } from '../node_modules/emulate/dist/api.js'

const [, , port, hook, secret] = process.argv
const address = `http://127.0.0.1:${port}`
const emulator = await createEmulator({
  service: 'github', hostname: '127.0.0.1', port: Number(port), baseUrl: address,
  seed: {
    tokens: { person: { login: 'ada', scopes: ['repo', 'admin:org'] } },
    github: {
      users: [{ login: 'ada' }],
      orgs: [{ login: 'acme', members: [{ login: 'ada', role: 'admin' }] }],
      repos: [{ owner: 'acme', name: 'web', auto_init: true }],
      apps: [{
        app_id: 77, slug: 'bonafide', name: 'bonafide', webhook_url: hook, webhook_secret: secret,
        permissions: { checks: 'write', contents: 'read', metadata: 'read', pull_requests: 'write' },
        events: ['pull_request', 'check_run', 'check_suite'],
        installations: [{ installation_id: 5, account: 'acme', repository_selection: 'all' }],
      }],
    },
  },
})
console.log(JSON.stringify({ url: emulator.url, key: emulator.generatedSecrets[0].value }))
process.stdin.resume().on('end', async () => {
  await emulator.close()
  process.exit(0)
})
