-- POST of a new service, the tokens (one per organisation) in turn. Arguments: tokens file, path.

dofile(debug.getinfo(1, "S").source:match("^@(.*)/") .. "/common.lua")

local tokens, path
local number = 0

function init(args)
    tokens = lines_of(args[1])
    path = args[2]
end

function request()
    number = number + 1
    local headers = {
        ["Authorization"] = "Bearer " .. tokens[number % #tokens + 1],
        ["Content-Type"] = "application/json",
    }
    local body = string.format(
        '{"name":"Measured service %d","criticality":"critical","rto_seconds":14400,"rpo_seconds":900}', number)
    return wrk.format("POST", path, headers, body)
end
