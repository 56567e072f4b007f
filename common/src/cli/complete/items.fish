
# Completes items, their parameters and values.
function __@NAME@_items
    set -l word (commandline -ct)
    set -l parts (string split -m 1 : -- "$word")
    if test (count $parts) -lt 2
        printf '%s\t%s\n' @ITEMS@
        return
    end
    set -l given (string match -r '^.*,' -- "$parts[2]")
    set -l head "$parts[1]:$given"
    set -l last (string replace -r '^.*,' '' -- "$parts[2]")
    set -l key (string split -m 1 = -- "$last")
    if test (count $key) -gt 1
        switch $parts[1]:$key[1]
            @VALUES@
        end
        return
    end
    switch $parts[1]
        @KEYS@
    end
end
complete -c @NAME@ -f -a '(__@NAME@_items)'
