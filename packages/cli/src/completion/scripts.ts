/**
 * What a shell is given to complete our commands. Each script hands the words to `bytenite completion` and
 * reads lines of `value TAB description`, and `:files` where a file may stand.
 */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function completionScript(shell: Shell, command: readonly string[]): string {
  return SCRIPTS[shell](command.map(quote).join(' '));
}

const SCRIPTS: Record<Shell, (command: string) => string> = { bash, zsh, fish };

function bash(command: string): string {
  return `_bytenite() {
  local line files= words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then files=1; else COMPREPLY+=("\${line%%$'\\t'*}"); fi
  done < <(${command} completion bash -- "\${words[@]}" 2>/dev/null)
  if [[ -z $files ]] && type compopt &>/dev/null; then compopt +o default; fi
}
complete -o default -F _bytenite bytenite
`;
}

function zsh(command: string): string {
  return `#compdef bytenite
_bytenite() {
  local line files
  local -a candidates
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      files=1
    else
      candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done < <(${command} completion zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  _describe bytenite candidates
  [[ -z $files ]] || _files
}
if [[ $funcstack[1] == _bytenite ]]; then _bytenite "$@"; else compdef _bytenite bytenite; fi
`;
}

function fish(command: string): string {
  return `function __bytenite_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in (${command} completion fish -- $words[2..] 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c bytenite -f -a '(__bytenite_complete)'
`;
}

/** For all three shells. */
function quote(text: string): string {
  return /^[\w/.-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
