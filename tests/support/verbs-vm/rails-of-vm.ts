/** The rails of a virtual machine. They are laid when they are first asked for, and again when the mode changes. */
import { Rails, type NamespaceMode } from './rails.ts'
import type { Vm } from './vm.ts'

const COUNT = 4

export class RailsOfVm {
  readonly #vm: Vm
  #laid = 0
  #current: { readonly mode: NamespaceMode; readonly rails: Rails } | undefined

  constructor(vm: Vm) {
    this.#vm = vm
  }

  /** The mode can change only while there are no other network namespaces, so other rails are removed first. */
  async inMode(mode: NamespaceMode): Promise<Rails> {
    if (this.#current?.mode === mode) return this.#current.rails
    await this.#current?.rails.remove()
    const rails = await Rails.lay(this.#vm, COUNT, ++this.#laid, mode)
    this.#current = { mode, rails }
    return rails
  }
}
