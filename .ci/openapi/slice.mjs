// Cuts GitHub's description of its REST API (13 MB) down to the operations in
// operations.txt and whatever schemas these reach, so that a test loads it in
// milliseconds. What it writes is GitHub's text: it belongs below node_modules,
// which is not under version control.
//
//   node slice.mjs [node_modules]
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const modules = process.argv[2] ?? join(here, '..', 'node_modules')
const target = join(modules, '.bonafide', 'github-openapi.json')

const read = file => JSON.parse(readFileSync(file, 'utf8'))
const github = read(join(modules, '@octokit', 'openapi', 'generated', 'api.github.com.json'))

// Prose and examples are most of the bytes, and the examples do not always match
// their own schemas. Keys below `properties` are names of fields, never keywords.
const prose = new Set(['description', 'summary', 'example', 'examples', 'externalDocs', 'x-github', 'tags'])
function withoutProse(node, names = false) {
  if (Array.isArray(node)) return node.map(item => withoutProse(item))
  if (node === null || typeof node !== 'object') return node
  const kept = {}
  for (const [key, value] of Object.entries(node)) {
    if (names || !prose.has(key)) kept[key] = withoutProse(value, !names && key === 'properties')
  }
  return kept
}

const slice = {
  openapi: github.openapi,
  info: { title: `${github.info.title} (slice)`, version: github.info.version },
  paths: {},
  'x-webhooks': {},
  components: {},
}

const wanted = readFileSync(join(here, 'operations.txt'), 'utf8')
  .split('\n').map(line => line.trim()).filter(line => line && !line.startsWith('#'))
for (const line of wanted) {
  const [method, name] = line.split(/\s+/)
  const from = method === 'hook' ? github['x-webhooks'][name] : github.paths[name]
  if (!from || (method !== 'hook' && !from[method])) throw new Error(`GitHub does not describe "${line}"`)
  if (method === 'hook') {
    slice['x-webhooks'][name] = withoutProse(from)
  } else {
    slice.paths[name] ??= from.parameters ? { parameters: withoutProse(from.parameters) } : {}
    slice.paths[name][method] = withoutProse(from[method])
  }
}

// Follow every reference until nothing new turns up.
const open = [slice.paths, slice['x-webhooks']]
while (open.length > 0) {
  const node = open.pop()
  if (node === null || typeof node !== 'object') continue
  open.push(...Object.values(node))
  if (typeof node.$ref !== 'string') continue
  const [, , kind, name] = node.$ref.split('/')
  slice.components[kind] ??= {}
  if (name in slice.components[kind]) continue
  if (!github.components[kind]?.[name]) throw new Error(`GitHub's description lacks ${node.$ref}`)
  open.push(slice.components[kind][name] = withoutProse(github.components[kind][name]))
}

// OpenAPI demands a description of every response.
const responses = Object.values(slice.components.responses ?? {})
for (const methods of [...Object.values(slice.paths), ...Object.values(slice['x-webhooks'])]) {
  for (const operation of Object.values(methods)) responses.push(...Object.values(operation.responses ?? {}))
}
for (const response of responses) if (!response.$ref) response.description ??= ''

mkdirSync(dirname(target), { recursive: true })
const text = JSON.stringify(slice)
writeFileSync(target + '.new', text)
renameSync(target + '.new', target)
console.log(`${target}: ${wanted.length} operations and webhooks, ` +
  `${Object.keys(slice.components.schemas).length} schemas, ${text.length} bytes`)
