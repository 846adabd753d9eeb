import ArgumentParser
import Delivery
import Foundation

@testable import microbpf

/// Prints `docs/command-line.md` from the commands.
enum CommandReference {
  static let path = "docs/command-line.md"

  static func text() -> String {
    var lines = [introduction]
    for group in Microbpf.configuration.groupedSubcommands {
      lines += ["## \(group.name)", ""]
      for entry in CommandEntry.all
      where group.subcommands.contains(where: { $0._commandName == entry.words.dropFirst().first }) {
        lines += [
          "### \(entry.name)", "", "```", entry.help(columns: 110).trimmingCharacters(in: .newlines), "```",
          "",
        ]
      }
    }
    return lines.joined(separator: "\n").replacing(#/ +\n/#, with: "\n").trimmingCharacters(in: .newlines)
      + "\n"
  }

  private static var introduction: String {
    """
    # The command line

    Made from the commands' own help (`RECORD_GENERATED=1 swift test --filter CommandReferenceTests`); do not change by hand.

    `microbpf help` lists the commands, `microbpf COMMAND --help` explains one. Results go to the standard output, everything
    else to the standard error: `microbpf slots --json | jq` works whatever there is to tell beside the result.

    ## When something fails

    A failure is told in three parts: what failed, where, and what to do next. Where an instruction is concerned the report
    names the line of the source:

    ```
    microbpf: program stopped: it read memory outside its compartment
      where:   slot 0 of the device at coap://127.0.0.1:5683
      source:  sum.c:9: sum += samples[i];
      found:   instruction 9, address 0x20004a10
      next:    check the pointer or index there; a program has its stack, data, constants and input
    ```

    Images carry no debug information. Commands that build an image (`deploy`, `push`, `link`, `assemble`) keep on this
    machine which line each instruction comes from, by the SHA-256 of the image, in `microbpf/sources` of `$XDG_CACHE_HOME`
    or `~/.cache`, for the last \(SourceCache.capacity) images. Later commands (`execute`, `start`, `ps`, `logs`) ask the
    device for the digest of what the slot holds. If the image was built elsewhere, `--source FILE` names its source or
    object file, which is used if it gives the same image.

    ### Exit status

    | status | meaning |
    |---|---|
    \(ExitStatus.allCases.map { "| \($0.rawValue) | \($0.meaning) |" }.joined(separator: "\n"))

    The numbers do not change from version to version.

    ## JSON

    With `--json` a command prints its result as one line of JSON; commands that go on print a line each time. Members have
    the names of [device-protocol.md](device-protocol.md), sizes are bytes. Failures are text all the same; the exit status
    tells them apart.

    ## Project file and environment

    A project file `.microbpf` in the working directory, or in a folder above it, says once what options would say again and
    again. `microbpf init` makes one:

    ```
    device.kitchen = coap://192.0.2.7
    device.attic = coap://[2001:db8::7]:5700
    device = kitchen
    key = keys/release.pem
    ```

    Then `microbpf slots` asks the kitchen and `microbpf slots --device attic` the attic. `#` starts a comment, quotes around
    a value are taken away, files count from the project file's folder. Whatever is wrong in it is named with its line.

    | setting | environment variable | says |
    |---|---|---|
    | `device.NAME` | | the address of the device with this name |
    \(Setting.allCases.map { "| `\($0.rawValue)` | `\($0.variable)` | \($0.summary) |" }.joined(separator: "\n"))

    An option goes before the environment, the environment before a file `.env`, that before the project file. `.env` has
    lines `\(Setting.prefix)DEVICE=kitchen` and is looked for like the project file; variables of others in it are left alone.

    Besides these count:

    | variable | says |
    |---|---|
    | `NO_COLOR` | no colours, if it is not empty; there are none without a terminal either |
    | `XDG_CACHE_HOME` | where caches are |
    | `BPF_CONFORMANCE_DIR` | the folder of the public conformance suite |
    | `PATH` | where the Swift toolchain is |

    ## Completion in the shell

    ```sh dry
    microbpf --generate-completion-script bash > ~/.local/share/bash-completion/completions/microbpf
    microbpf --generate-completion-script zsh > ~/.zfunc/_microbpf          # with fpath+=~/.zfunc before compinit
    microbpf --generate-completion-script fish > ~/.config/fish/completions/microbpf.fish
    ```

    completes commands, options, files of the right kind, slots, engines, layouts, helpers, and the devices that the project
    file names.

    """
  }
}
