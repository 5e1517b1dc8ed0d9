/**
 * The page in a real browser: without scripts, on a phone, in the dark and in print, under the policy of a strict server, and
 * with hostile text in it. Pictures and pages stay in `reports/pages/`. Screenshots are compared with those in `pictures/`,
 * which `npx vitest run --config tests/vitest.config.ts tests/report/html/browser.test.ts -u` replaces.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { createRequire } from 'node:module'
import type { AxeResults, RuleObject } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatPage } from '../../../harness/report/html/page.ts'
import { STYLE } from '../../../harness/report/html/style.ts'
import { runReportSchema, type RunReport } from '../../../harness/report/run-report.ts'
import { hasBrowser, launchBrowser, onPage } from '../../support/browser.ts'
import { expectKeptPicture } from '../../support/kept-picture.ts'
import { KINDS, recordedRun, recordedText, type Kind } from './recorded-runs.ts'

const PICTURES = resolve(import.meta.dirname, '../../../reports/pages')
const LOOKS = {
  light: { viewport: { width: 1280, height: 1600 } },
  dark: { viewport: { width: 1280, height: 1600 }, colorScheme: 'dark' },
  narrow: { viewport: { width: 390, height: 1600 } },
  print: { viewport: { width: 794, height: 1600 } },
} as const
const KEPT = join(import.meta.dirname, 'pictures')
/** Kept pictures are half as large as the page, to stay small. */
const PICTURE_SCALE = 0.5
/** What Jenkins sends with artifacts: no script, and style and pictures from files only. */
const STRICT = "sandbox; default-src 'none'; img-src 'self'; style-src 'self'"

const urlOf = (kind: Kind): string => `file://${join(PICTURES, `${kind}.html`)}`
let browser: Browser

beforeAll(async () => {
  if (!hasBrowser) return
  mkdirSync(PICTURES, { recursive: true })
  for (const kind of KINDS)
    writeFileSync(join(PICTURES, `${kind}.html`), formatPage({ reports: [recordedRun(kind)] }))
  browser = await launchBrowser()
})
afterAll(() => (hasBrowser ? browser.close() : undefined))

const overflowOf = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')

/** Of the top of the page and of its plots, as much as the viewport shows. */
async function expectKeptPictures(page: Page, name: string): Promise<void> {
  const place = { kept: KEPT, artifacts: PICTURES }
  expectKeptPicture(await page.screenshot(), { name: `${name}-top`, ...place })
  await page.evaluate('document.getElementById("measurements").scrollIntoView()')
  expectKeptPicture(await page.screenshot(), { name: `${name}-plots`, ...place })
}

describe.skipIf(!hasBrowser).for(KINDS)('In a browser, a run: %s', (kind) => {
  test.for(Object.keys(LOOKS) as (keyof typeof LOOKS)[])(
    'fits its width, shows its plots and looks like the kept pictures: %s',
    async (look) => {
      const options = { ...LOOKS[look], deviceScaleFactor: PICTURE_SCALE, javaScriptEnabled: false }
      await onPage(browser, options, async (page) => {
        await page.goto(urlOf(kind))
        if (look === 'print') await page.emulateMedia({ media: 'print' })
        expect(await overflowOf(page)).toBe(0)
        const plots = await page.locator('figure svg').all()
        const boxes = await Promise.all(plots.map((plot) => plot.boundingBox()))
        expect(boxes.filter((box) => box === null || box.width < 200 || box.height < 50)).toEqual([])
        await expectKeptPictures(page, `${kind}-${look}`)
      })
    },
  )

  test('says EMULATED in print, and prints what is folded', async () => {
    await onPage(browser, LOOKS.print, async (page) => {
      await page.goto(urlOf(kind))
      await page.emulateMedia({ media: 'print' })
      if (kind === 'failed') await page.pdf({ path: join(PICTURES, 'failed.pdf'), format: 'A4' })
      expect(await page.locator('.emulated').isVisible()).toBe(kind !== 'two-gpus')
      const folded = page.locator('details.suite .verdicts').first()
      expect((await folded.boundingBox())?.height).toBeGreaterThan(20)
    })
  })

  test('has no violation that axe finds', async () => {
    await onPage(browser, { ...LOOKS.light, bypassCSP: true }, async (page) => {
      await page.goto(urlOf(kind))
      // The colours are those of the other pages; axe needs 40 s to compare them on this one.
      const rules = { 'color-contrast': { enabled: kind !== 'sixteen-nodes' } }
      expect(await violationsOn(page, rules)).toEqual([])
    })
  })
})

async function violationsOn(page: Page, rules: RuleObject = {}): Promise<readonly string[]> {
  const path = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
  await page.addScriptTag({ content: await readFile(path, 'utf8') })
  const { violations } = await page.evaluate<AxeResults>(`axe.run({ rules: ${JSON.stringify(rules)} })`)
  return violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 5).map(({ html }) => `${id}: ${html.slice(0, 200)}`),
  )
}

test.skipIf(!hasBrowser)('a dark page has no violation that axe finds', async () => {
  await onPage(browser, { ...LOOKS.dark, bypassCSP: true }, async (page) => {
    await page.goto(urlOf('failed'))
    expect(await violationsOn(page)).toEqual([])
  })
})

describe.skipIf(!hasBrowser)('Under a policy that forbids scripts and style inside a page', () => {
  let server: Server
  let requests: string[] = []
  let withStyle = true

  beforeAll(async () => {
    const page = formatPage({ reports: [recordedRun('failed')] })
    server = createServer((request, response) => {
      const path = request.url ?? ''
      requests.push(path)
      if (path === '/report.css' && withStyle)
        return response
          .writeHead(200, { 'content-type': 'text/css', 'content-security-policy': STRICT })
          .end(STYLE)
      if (path !== '/index.html') return response.writeHead(404).end()
      return response
        .writeHead(200, { 'content-type': 'text/html', 'content-security-policy': STRICT })
        .end(page)
    })
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done))
  })
  afterAll(() => new Promise((done) => void server.close(done)))

  test.for([
    ['with report.css beside it', true],
    ['without report.css', false],
  ] as const)('the page reads and shows its plots %s', async ([name, style]) => {
    withStyle = style
    requests = []
    await onPage(browser, LOOKS.light, async (page) => {
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/index.html`)
      await page.screenshot({
        path: join(PICTURES, `strict-policy-${style ? 'with' : 'without'}-css.png`),
        fullPage: true,
      })
      expect(await page.locator('h1').innerText(), name).toMatch(/Failed.*h100x8 on target emulated/s)
      expect(await page.locator('.emulated').innerText()).toContain('EMULATED')
      const plots = await page.locator('figure svg').all()
      expect(plots.length).toBeGreaterThan(8)
      for (const plot of plots) expect((await plot.boundingBox())?.width).toBeGreaterThan(200)
      expect(requests.filter((path) => path !== '/index.html' && path !== '/report.css')).toEqual([])
      const ground = await page.evaluate('getComputedStyle(document.documentElement).backgroundColor')
      expect(ground).toBe(style ? 'rgb(245, 246, 248)' : 'rgba(0, 0, 0, 0)')
    })
  })
})

const HOSTILE = [
  '<script>window.pwned = 1</script>',
  '"><img src=x onerror="window.pwned = 1">',
  '</style></title></svg><script>window.pwned = 1</script>',
  "' onmouseover='window.pwned = 1' autofocus onfocus='window.pwned = 1",
  '<svg onload="window.pwned = 1"><foreignObject><iframe src="javascript:window.pwned = 1">',
  ']]><!--<base href="//example.invalid/">',
  '\u202eneerg si llA\u2066\u0000\u001b[31m',
  `Z${'\u0301\u0316'.repeat(200)}`,
  'W'.repeat(6000),
]

test.skipIf(!hasBrowser).for(HOSTILE.map((text, index) => [index, text] as const))(
  'hostile names and messages run nothing and break no layout: %i',
  async ([index, text]) => {
    const inJson = JSON.stringify(text).slice(1, -1)
    const recorded = recordedText('failed')
      .replaceAll('node-a', `node-a${inJson}`)
      .replaceAll('is slow', `is slow ${inJson}`)
      .replaceAll('mlx5_1"', `mlx5_1${inJson}"`)
      .replaceAll('kv-1gib', `kv-1gib${inJson}`)
      .replaceAll('"A KV cache', `"${inJson} A KV cache`)
      .replaceAll('h100-2node', `h100-2node${inJson}`)
      .replaceAll('"linux"', `"${inJson}"`)
    // Names of a profile are checked where it is read, so a hostile one does not get as far as a report.
    const { files } = JSON.parse(recordedText('failed')) as RunReport
    const report = runReportSchema.parse({ ...JSON.parse(recorded), files })
    const path = join(PICTURES, `hostile-${index}.html`)
    writeFileSync(path, formatPage({ reports: [report] }))
    for (const look of ['light', 'narrow'] as const) {
      await onPage(browser, { ...LOOKS[look], bypassCSP: true }, async (page) => {
        const asked: string[] = []
        page.on('request', (request) => asked.push(request.url()))
        await page.goto(`file://${path}`)
        await page.mouse.move(200, 500)
        await page.screenshot({ path: join(PICTURES, `hostile-${index}-${look}.png`) })
        expect(await page.evaluate('"pwned" in window')).toBe(false)
        expect(
          await page.locator('script, img, iframe, base, foreignObject, [onload], [onfocus]').count(),
        ).toBe(0)
        expect(asked.filter((url) => url !== `file://${path}` && !url.endsWith('/report.css'))).toEqual([])
        expect(await overflowOf(page)).toBe(0)
        expect(await page.locator('section h2').allInnerTexts()).toEqual([
          'Not passed',
          'Statements',
          'Measurements',
          'Evidence',
          'About the run',
        ])
      })
    }
  },
)
