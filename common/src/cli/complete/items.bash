
# Completes items, their parameters and values; leaves the options to the function above.
_@NAME@_items() {
    local line="${COMP_LINE:0:COMP_POINT}" word before head rest name key words="" strip=""
    word="${line##*[[:blank:]]}"
    before="${line%"$word"}"
    before="${before%"${before##*[![:blank:]]}"}"
    before="${before##*[[:blank:]]}"
    case "$word" in -*) _@NAME@ "$@"; return ;; esac
    case "$before" in @VALUED@) _@NAME@ "$@"; return ;; esac
    COMPREPLY=()
    name="${word%%:*}"
    if [[ $word != *:* ]]; then
        head="" rest="$word" words="@ITEMS@"
    else
        head="${word%"${word##*[:,]}"}"
        rest="${word#"$head"}"
        if [[ $rest == *=* ]]; then
            key="${rest%%=*}"
            head+="$key=" rest="${rest#*=}"
            case "$name:$key" in
                @VALUES@
            esac
        else
            case "$name" in
                @KEYS@
            esac
        fi
    fi
    # Readline replaces what follows the last of these two, where they break words.
    [[ $COMP_WORDBREAKS == *:* && $word == *:* ]] && strip="${word%"${word##*:}"}"
    [[ $COMP_WORDBREAKS == *=* && $word == *=* ]] && strip="${word%"${word##*=}"}"
    local found
    for found in $(compgen -W "$words" -- "$rest"); do
        found="$head$found"
        COMPREPLY+=("${found#"$strip"}")
    done
    # More can follow a name or a key.
    [[ $word != *:*=* && $words ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -F _@NAME@_items -o bashdefault -o default @NAME@
