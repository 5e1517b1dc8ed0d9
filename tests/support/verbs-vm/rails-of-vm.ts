/**
 * The rails of a virtual machine, of which tests that run at the same time each take their own. All are between one pair of
 * network namespaces.
 */
import { Rails, type NamespaceMode } from './rails.ts'
import type { Vm } from './vm.ts'

const COUNT = 4
const ALL: readonly number[] = [...Array(COUNT).keys()]

interface Taken {
  readonly rails: Rails
  readonly release: () => void
}

interface Request {
  readonly count: number
  readonly mode: NamespaceMode
  readonly resolve: (taken: Taken | Promise<Taken>) => void
}

export class RailsOfVm {
  readonly #vm: Vm
  readonly #requests: Request[] = []
  #free = ALL
  #laid: { readonly mode: NamespaceMode; readonly rails: Promise<Rails> } | undefined
  #pairs = 0

  constructor(vm: Vm) {
    this.#vm = vm
  }

  /**
   * Resolves when `count` rails are free, in the order of the calls. They must be as they were taken when they are released.
   * A request for another mode waits until all are free, since the kernel changes the mode only while there are no network
   * namespaces.
   */
  take(count: number, mode: NamespaceMode): Promise<Taken> {
    const { promise, resolve } = Promise.withResolvers<Taken>()
    this.#requests.push({ count, mode, resolve })
    this.#serve()
    return promise
  }

  #serve(): void {
    const next = this.#requests[0]
    if (next === undefined) return
    const needed = next.mode === this.#laid?.mode ? next.count : COUNT
    if (this.#free.length < needed) return
    this.#requests.shift()
    const indices = this.#free.slice(0, next.count)
    this.#free = this.#free.slice(next.count)
    next.resolve(
      this.#inMode(next.mode).then((all) => ({
        rails: all.only(indices),
        release: () => {
          this.#free = [...this.#free, ...indices].toSorted((a, b) => a - b)
          this.#serve()
        },
      })),
    )
    this.#serve()
  }

  #inMode(mode: NamespaceMode): Promise<Rails> {
    if (this.#laid?.mode !== mode) this.#laid = { mode, rails: this.#lay(mode, this.#laid?.rails) }
    return this.#laid.rails
  }

  async #lay(mode: NamespaceMode, before: Promise<Rails> | undefined): Promise<Rails> {
    await (await before)?.remove()
    return Rails.lay(this.#vm, COUNT, ++this.#pairs, mode)
  }
}
