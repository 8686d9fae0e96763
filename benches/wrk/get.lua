-- GET of a path taken at random from a file. Arguments: tokens file, paths file.

dofile(debug.getinfo(1, "S").source:match("^@(.*)/") .. "/common.lua")

local requests = {}

function init(args)
    local token = lines_of(args[1])[1]
    for _, path in ipairs(lines_of(args[2])) do
        requests[#requests + 1] = wrk.format("GET", path, { ["Authorization"] = "Bearer " .. token })
    end
    math.randomseed(os.time())
end

function request()
    return requests[math.random(#requests)]
end
