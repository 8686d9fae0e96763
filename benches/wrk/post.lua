-- POST of every line of a file, once: path, tab, body. Arguments: tokens file, lines file, and `again` to begin anew
-- after the last line.

dofile(debug.getinfo(1, "S").source:match("^@(.*)/") .. "/common.lua")

local lines, headers, again
-- wrk asks for one request before it sends any, to look at it.
local number = -1

function init(args)
    headers = {
        ["Authorization"] = "Bearer " .. lines_of(args[1])[1],
        ["Content-Type"] = "application/json",
    }
    lines = lines_of(args[2])
    again = args[3] == "again"
end

function request()
    number = number + 1
    if again then
        number = number % #lines
    elseif number >= #lines then
        wrk.thread:stop()
    end
    local path, body = lines[math.max(1, math.min(again and number + 1 or number, #lines))]:match("^(.-)\t(.*)$")
    return wrk.format("POST", path, headers, body)
end
