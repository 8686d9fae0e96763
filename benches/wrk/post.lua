-- POST of every line of a file, once: path, tab, body. Arguments: tokens file, lines file.

dofile(debug.getinfo(1, "S").source:match("^@(.*)/") .. "/common.lua")

local lines, headers
-- wrk asks for one request before it sends any, to look at it.
local number = -1

function init(args)
    headers = {
        ["Authorization"] = "Bearer " .. lines_of(args[1])[1],
        ["Content-Type"] = "application/json",
    }
    lines = lines_of(args[2])
end

function request()
    number = number + 1
    if number >= #lines then
        wrk.thread:stop()
    end
    local path, body = lines[math.max(1, math.min(number, #lines))]:match("^(.-)\t(.*)$")
    return wrk.format("POST", path, headers, body)
end
